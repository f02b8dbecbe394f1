import { randomBytes } from 'node:crypto'

import { makeKeyText } from '../../src/accounts/keys.ts'
import { chat, everywhere, images, MODEL, nested, openai, raw, type Row, shaped, withKey } from './bad-asks.ts'

/** Keys, models, bodies, prompts and shapes. */
export const BAD_REQUESTS: readonly Row[] = [
  {
    what: 'no key',
    asks: everywhere({}),
    status: 401,
    says: ['Authentication header'],
    authorization: () => undefined,
  },
  {
    what: 'an empty key',
    asks: everywhere({}),
    status: 401,
    says: ['Bearer <API key>'],
    authorization: () => 'Bearer ',
  },
  {
    what: 'another scheme',
    asks: everywhere({}),
    status: 401,
    says: ['Bearer'],
    authorization: () => 'Basic dXNlcjpwYXNz',
  },
  {
    what: "somebody else's key",
    asks: everywhere({}),
    status: 401,
    says: ['not a Plantain API key'],
    ...withKey(() => 'sk-or-v1-0123'),
  },
  {
    what: 'a key with a typing mistake',
    asks: everywhere({}),
    status: 401,
    says: ['mistyped'],
    ...withKey((keys) => `${keys.test.slice(0, -1)}!`),
  },
  {
    what: 'a key that was never made',
    asks: everywhere({}),
    status: 401,
    says: ['does not exist'],
    ...withKey(() => makeKeyText('test', randomBytes(32))),
  },
  { what: 'a deleted key', asks: everywhere({}), status: 401, says: ['deleted'], ...withKey((keys) => keys.deleted) },
  {
    what: 'a disabled key',
    asks: everywhere({}),
    status: 401,
    says: ['disabled'],
    ...withKey((keys) => keys.disabled),
  },
  { what: 'an expired key', asks: everywhere({}), status: 401, says: ['expired'], ...withKey((keys) => keys.expired) },
  {
    what: 'an admin key',
    asks: everywhere({}),
    status: 403,
    says: ['ordinary API key'],
    ...withKey((keys) => keys.admin),
  },
  {
    what: 'a key whose limit does not cover the hold',
    asks: everywhere({}),
    status: 402,
    says: ['limit'],
    ...withKey((keys) => keys.poor),
  },
  {
    what: 'a live key without a configured provider',
    asks: everywhere({}, 'model'),
    status: 404,
    says: ['GEMINI_API_KEY'],
    ...withKey((keys) => keys.live),
  },
  {
    what: 'a test key for a model without a simulator',
    asks: everywhere({ model: 'microsoft/mai-image-2.5' }, 'model'),
    status: 404,
    says: ['microsoft/mai-image-2.5', MODEL],
  },
  {
    what: 'an unknown model',
    asks: everywhere({ model: 'google/gemini-nano-bananas-2.1' }, 'model'),
    status: 400,
    says: ['gemini-nano-bananas-2.1', MODEL],
  },
  { what: 'no model', asks: everywhere({ model: undefined }, 'model'), status: 400, says: ['model', 'missing'] },
  {
    what: 'an unknown provider in provider.only',
    asks: everywhere({ provider: { only: ['Gogle'] } }, 'provider.only'),
    status: 404,
    says: ['provider.only', 'Gogle'],
  },

  { what: 'a body that is not JSON', asks: raw('model=a&prompt=b'), status: 400, says: ['JSON'] },
  {
    what: 'a body that is cut off',
    asks: raw('{"model":"google/gemini-nano-banana-2.1","prompt":"a fo'),
    status: 400,
    says: [/JSON|cut|end/],
  },
  { what: 'an empty body', asks: raw(''), status: 400, says: [/empty/] },
  { what: 'a list for a body', asks: raw('[]'), status: 400, says: ['JSON object'] },
  {
    what: 'bytes that are not UTF-8',
    asks: raw(Buffer.from('{"model":"\xff\xfe","prompt":"a"}', 'latin1')),
    status: 400,
    says: ['UTF-8'],
  },
  { what: 'a form', asks: everywhere({}), status: 415, says: ['application/json'], contentType: 'text/plain' },
  { what: 'a body that nests too deep', asks: everywhere({ metadata: nested(40) }), status: 400, says: ['32'] },
  { what: 'a body of 33 MiB', asks: () => raw(Buffer.alloc(33 * 1024 * 1024, ' ')), status: 413, says: ['32 MiB'] },
  {
    what: 'a key given twice',
    asks: raw(`{"model":"${MODEL}","model":"${MODEL}","prompt":"a","messages":[{"role":"user","content":"a"}]}`),
    status: 400,
    says: ['model', /twice|more than once|repeat|duplicate/i],
  },
  {
    what: 'a key given twice inside, once in escapes',
    asks: raw(`{"model":"${MODEL}","prompt":"a","messages":[],"provider":{"only":["a"],"\\u006fnly":["b"]}}`),
    status: 400,
    says: ['only', /twice|more than once|repeat|duplicate/i],
  },
  {
    what: 'the key __proto__, inside',
    asks: raw(`{"model":"${MODEL}","prompt":"a","messages":[],"provider":{"__proto__":{"zdr":true}}}`),
    status: 400,
    says: ['__proto__'],
  },
  {
    what: 'the key __proto__ in escapes',
    asks: raw(String.raw`{"model":"x","prompt":"a","messages":[],"\u005f_proto__":1}`),
    status: 400,
    says: ['__proto__'],
  },

  {
    what: 'no prompt',
    asks: [
      chat({ messages: undefined }, 'messages'),
      images({ prompt: undefined }, 'prompt'),
      openai({ prompt: undefined }, 'prompt'),
    ],
    status: 400,
    says: ['missing'],
  },
  {
    what: 'an empty prompt',
    asks: [chat({}, 'messages', ''), images({ prompt: ' ' }, 'prompt'), openai({ prompt: '' }, 'prompt')],
    status: 400,
    says: ['empty'],
  },
  {
    what: 'a prompt of 200 KiB',
    asks: [
      chat({}, 'messages.0.content', 'fox '.repeat(51_200)),
      images({ prompt: 'fox '.repeat(51_200) }, 'prompt'),
      openai({ prompt: 'fox '.repeat(51_200) }, 'prompt'),
    ],
    status: 400,
    says: ['128 KiB', /^(prompt|messages)/],
  },
  {
    what: 'a prompt of 200 KiB in two messages',
    asks: [
      chat(
        {
          messages: [
            { role: 'system', content: 'fox '.repeat(25_600) },
            { role: 'user', content: 'fox '.repeat(25_600) },
          ],
        },
        'messages',
      ),
    ],
    status: 400,
    says: ['128 KiB'],
  },

  {
    what: 'a ratio that the model does not make',
    asks: shaped({ aspect_ratio: '7:5' }, 'aspect_ratio'),
    status: 400,
    says: ['7:5', '21:9'],
  },
  { what: 'a ratio that is none', asks: shaped({ aspect_ratio: 'wide' }, 'aspect_ratio'), status: 400, says: ['16:9'] },
  {
    what: 'a tier that no model has',
    asks: [
      chat({ image_config: { image_size: '8K' } }, 'image_config.image_size'),
      images({ resolution: '8K' }, 'resolution'),
      openai({ resolution: '8K' }, 'resolution'),
    ],
    status: 400,
    says: ['4K'],
  },
  {
    what: 'a tier in small letters',
    asks: [
      chat({ image_config: { image_size: '1k' } }, 'image_config.image_size'),
      images({ resolution: '1k' }, 'resolution'),
      openai({ size: '1k' }, 'size'),
    ],
    status: 400,
    says: ['1K'],
  },
  {
    what: 'a tier that this model does not have',
    asks: [
      chat({ image_config: { image_size: '0.5K' } }, 'image_config.image_size'),
      images({ resolution: '512' }, 'resolution'),
      openai({ size: '512' }, 'size'),
    ],
    status: 400,
    says: ['512', '1K, 2K, 4K'],
  },
  {
    what: 'a size that contradicts the tier',
    asks: [
      chat({ image_config: { size: '1024x1024', image_size: '4K' } }, 'image_config.image_size'),
      images({ size: '1024x1024', resolution: '4K' }, 'resolution'),
      openai({ size: '1024x1024', resolution: '4K' }, 'resolution'),
    ],
    status: 400,
    says: ['4K', '1024x1024', 'contradicts'],
  },
  {
    what: 'a size that contradicts the ratio',
    asks: shaped({ size: '1024x1024', aspect_ratio: '16:9' }, 'aspect_ratio'),
    status: 400,
    says: ['contradicts'],
  },
  {
    what: 'pixels that the model does not make',
    asks: shaped({ size: '1000x1000' }, 'size'),
    status: 400,
    says: ['1000x1000', '1024x1024'],
  },

  ...[0, 11, 1.5, -1, '2'].map((n) => ({
    what: `n = ${JSON.stringify(n)}`,
    asks: everywhere({ n }, 'n'),
    status: 400,
    says: ['n must be a whole number from 1 to 10'],
  })),
  {
    what: 'stream: "yes"',
    asks: everywhere({ stream: 'yes' }, 'stream'),
    status: 400,
    says: ['stream must be true or false'],
  },
  {
    what: 'a compression of 101',
    asks: shaped({ output_format: 'jpeg', output_compression: 101 }, 'output_compression'),
    status: 400,
    says: ['output_compression', '0 to 100'],
  },
  {
    what: 'compression of a lossless format',
    asks: shaped({ output_format: 'png', output_compression: 50 }, 'output_compression'),
    status: 400,
    says: ['jpeg or webp'],
  },
]
