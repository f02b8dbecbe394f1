import { blackPng, pngFrom } from '../../src/assets/test-bombs.ts'
import { images, part, type Row, withKey, withReferences } from './bad-asks.ts'
import { dataUrl, fromDataUrl, photograph } from './pictures.ts'

/** A model that makes pictures from text alone; the test has the operator send it to a simulated provider. */
export const CANNOT_EDIT = 'black-forest-labs/flux.1-schnell'

const photo = dataUrl(await photograph('jpeg'), 'image/jpeg')
const otherPhoto = dataUrl(await photograph('jpeg', 640, 480, 5), 'image/jpeg')

/** What is wrong with a picture that comes along, or with its company. */
export const BAD_REFERENCES: readonly Row[] = [
  {
    what: 'a mask on Gemini',
    asks: [images({ input_references: [part(photo)], mask: part(photo) }, 'mask.image_url.url')],
    status: 400,
    says: ['takes no mask'],
  },

  {
    what: 'a reference that is no picture',
    asks: withReferences([`data:image/png;base64,${Buffer.from('MZ this is a program').toString('base64')}`]),
    status: 400,
    says: ['no picture', 'PNG, JPEG and WebP'],
  },
  {
    what: 'a reference that breaks off',
    asks: withReferences([dataUrl(fromDataUrl(photo).subarray(0, 30_000), 'image/jpeg')]),
    status: 400,
    says: ['not whole'],
  },
  {
    what: 'a reference with an illegal character',
    asks: withReferences([`${photo.slice(0, 60_000)}*${photo.slice(60_001)}`]),
    status: 400,
    says: ['base64'],
  },
  {
    what: 'a reference of 16000 × 16000 pixels in 31 KB',
    asks: () => withReferences([dataUrl(blackPng(16_000, 16_000), 'image/png')]),
    status: 400,
    says: ['16000 × 16000', '50 megapixels'],
  },
  {
    what: 'a reference of 30000 × 30000 pixels',
    asks: () => withReferences([dataUrl(blackPng(30_000, 30_000), 'image/png')]),
    status: 400,
    says: ['30000 × 30000', '50 megapixels'],
  },
  {
    what: 'a reference that claims 1 × 2^31 pixels',
    asks: withReferences([
      dataUrl(pngFrom({ width: 1, height: 2 ** 31, rows: Buffer.alloc(64), bitDepth: 1, colourType: 0 }), 'image/png'),
    ]),
    status: 400,
    says: ['PNG, JPEG and WebP'],
  },
  {
    what: 'a reference labelled as a page',
    asks: withReferences([photo.replace('image/jpeg', 'text/html')]),
    status: 400,
    says: ['picture', 'data:image/png;base64'],
  },
  {
    what: 'a reference without a label',
    asks: withReferences([photo.slice(photo.indexOf(',') + 1)]),
    status: 400,
    says: ['data:image/png;base64'],
  },
  {
    what: 'a reference by a link into this machine',
    asks: () =>
      ['http://127.0.0.1/room.jpg', 'http://[::1]/room.jpg', 'http://localhost/'].flatMap((url) =>
        withReferences([url]),
      ),
    status: 400,
    says: ['may not be fetched', 'public internet'],
  },
  {
    what: 'a reference by a link that is no web address',
    asks: () => ['ftp://example.com/room.jpg', 'file:///etc/passwd'].flatMap((url) => withReferences([url])),
    status: 400,
    says: ['data:image/png;base64', 'http'],
  },
  {
    what: 'a good reference and a bad one behind it',
    asks: withReferences([otherPhoto, 'data:image/png;base64,AAAA']),
    status: 400,
    says: ['no picture'],
  },
  {
    what: 'a good reference and a key whose limit does not cover the hold',
    asks: withReferences([otherPhoto]).map(({ path, body }) => ({ path, body })),
    status: 402,
    says: ['limit'],
    ...withKey((keys) => keys.poor),
  },
  {
    what: '17 references',
    asks: [
      withReferences(
        Array.from({ length: 17 }, () => photo),
        14,
      )[0],
      images({ input_references: Array.from({ length: 17 }, () => part(photo)) }, 'input_references'),
    ].filter((ask) => ask !== undefined),
    status: 400,
    says: [/at most 1[46]/],
  },
  {
    what: 'a reference for a model that cannot edit',
    asks: withReferences([photo], 0, CANNOT_EDIT),
    status: 400,
    says: [CANNOT_EDIT, 'text alone'],
  },
]
