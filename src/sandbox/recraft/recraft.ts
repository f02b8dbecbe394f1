import sharp from 'sharp'

import type { InputPicture } from '../input-picture.ts'
import {
  choice,
  type Complaint,
  type Fields,
  FLAG,
  number,
  OBJECT,
  PICTURE,
  type Rules,
  TEXT,
  whole,
} from '../openai-compatible/fields.ts'
import { readPictures, shareOf } from '../openai-compatible/given.ts'
import type { Job } from '../openai-compatible/job.ts'
import { readFormBody, readJsonBody } from '../openai-compatible/reading.ts'
import { serverOf } from '../openai-compatible/server.ts'
import { isRefusal, type Handler, type Refusal, type SimulatorOptions } from '../simulator.ts'
import { pixelsOf, RECRAFT_MODELS, type RecraftModel } from './models.ts'

const BOTH: Rules = {
  prompt: TEXT,
  model: TEXT,
  n: whole(1, 6),
  style: TEXT,
  substyle: TEXT,
  style_id: TEXT,
  negative_prompt: TEXT,
  random_seed: whole(0, 4_294_967_295),
  response_format: choice('url', 'b64_json'),
  image_format: choice('png', 'webp'),
  block_nsfw: FLAG,
}
const WORDS: Rules = { ...BOTH, size: TEXT, controls: OBJECT, text_layout: OBJECT }
const TO_IMAGE: Rules = { ...BOTH, image: PICTURE, strength: number(0, 1) }
const INPAINT: Rules = { ...BOTH, image: PICTURE, mask: PICTURE }

/** Units of the account that every good key belongs to. */
const BALANCE = 184_250

/**
 * Recraft's API as far as pictures are made: from words, from a picture, inside a mask. Sources:
 * https://www.recraft.ai/docs/api-reference/endpoints, …/tools/image-to-image, …/tools/inpainting, …/error-handling, …/appendix (read
 * 2026-11-22). The words of its refusals and of an empty balance are not documented; these are made up.
 */
export function recraftSimulator(options: SimulatorOptions): Handler {
  const common = {
    complaint: ({ field, says }: Complaint) => refused(400, 'invalid_request_parameter', `${field}: ${says}`),
    unreadable: refused(400, 'invalid_request_body', 'the body could not be parsed'),
    price: ({ model, count }: Job) => BigInt((RECRAFT_MODELS[model]?.units ?? 0) * count) * 1_000_000n,
  }
  const readers = {
    '/images/generations': readJsonBody({ ...common, rules: WORDS, required: ['prompt'], job: wordsJob }),
    '/images/imageToImage': readFormBody({
      ...common,
      rules: TO_IMAGE,
      required: ['prompt', 'image', 'strength'],
      job: toImageJob,
    }),
    '/images/inpaint': readFormBody({
      ...common,
      rules: INPAINT,
      required: ['prompt', 'image', 'mask'],
      job: inpaintJob,
    }),
  }
  return serverOf(
    {
      slug: 'recraft',
      refuseKey,
      reader: (path) => (Object.hasOwn(readers, path) ? readers[path as keyof typeof readers] : undefined),
      refusal: (status, says) =>
        status === 404
          ? { status, body: '404 page not found' }
          : refused(status, `status_${status}`, says ?? `status ${status}`),
      rules: refused(400, 'content_moderation', 'the prompt was rejected by content moderation'),
      answer: (_, pictures, { id, created, nanos }) => ({
        created,
        credits: Number(nanos / 1_000_000n),
        data: pictures.map(({ inText, url }, index) => ({
          image_id: `${id}-${index}`,
          ...(url === undefined ? { b64_json: inText() } : { url }),
        })),
      }),
      free: (path, authorization) =>
        path === '/users/me'
          ? { id: 'u1', email: 'somebody@example.com', name: 'Somebody', credits: isEmpty(authorization) ? 0 : BALANCE }
          : undefined,
      isOpenWhenEmpty: true,
      address: (base, name) => `${base}/generated-images/${name}.img`,
    },
    options,
  )
}

function known(fields: Fields): RecraftModel | Refusal {
  const { model = 'recraftv4_1', style, substyle, style_id: styleId, negative_prompt: negative, prompt } = fields
  const found = RECRAFT_MODELS[String(model)]
  if (found === undefined) return refused(400, 'invalid_model', `unknown model ${String(model)}`)
  const isEarly = found.family === 'V2' || found.family === 'V3'
  if (negative !== undefined && !isEarly)
    return refused(400, 'invalid_request_parameter', 'negative_prompt is not supported by the model')
  if ([style, substyle, styleId].some((each) => each !== undefined) && !isEarly)
    return refused(400, 'invalid_style', 'style is not supported by the model')
  if (style !== undefined && styleId !== undefined)
    return refused(400, 'invalid_style', 'style and style_id exclude each other')
  if (String(prompt).length > (isEarly ? 1_000 : 10_000))
    return refused(400, 'invalid_prompt', 'the prompt is too long')
  return found
}

function wordsJob(fields: Fields): Job | Refusal {
  const model = known(fields)
  if (isRefusal(model)) return model
  const { size = '1:1' } = fields
  const side = pixelsOf(model, String(size))
  return side === undefined
    ? refused(400, 'invalid_size', `the size ${String(size)} is not supported by the model`)
    : jobOf(model, fields, side, [])
}

async function toImageJob(fields: Fields): Promise<Job | Refusal> {
  const model = known(fields)
  if (isRefusal(model)) return model
  if (model.family === 'V2' || model.family === 'V4.1 Flash')
    return refused(400, 'invalid_model', 'the model does not support image to image')
  const picture = await pictureOf(fields['image'])
  return isRefusal(picture) ? picture : jobOf(model, fields, [picture.width, picture.height], [picture])
}

async function inpaintJob(fields: Fields): Promise<Job | Refusal> {
  const model = known(fields)
  if (isRefusal(model)) return model
  if (model.family !== 'V3') return refused(400, 'invalid_model', 'the model does not support inpainting')
  const picture = await pictureOf(fields['image'])
  if (isRefusal(picture)) return picture
  const [mask] = (await readPictures(fields['mask'], 'file')) ?? []
  if (mask === undefined) return refused(400, 'invalid_mask', 'the mask could not be read')
  if (mask.width !== picture.width || mask.height !== picture.height)
    return refused(400, 'invalid_mask', 'the mask has another size than the image')
  if (!(await isBlackAndWhite(mask)))
    return refused(400, 'invalid_mask', 'every pixel of the mask has to be black or white')
  return jobOf(
    model,
    { ...fields, repainted: await shareOf(mask, 'white') },
    [picture.width, picture.height],
    [picture],
  )
}

async function pictureOf(value: unknown): Promise<InputPicture | Refusal> {
  const [picture] = (await readPictures(value, 'file')) ?? []
  if (picture === undefined) return refused(400, 'invalid_image', 'the image could not be read')
  const sides = [picture.width, picture.height]
  const fits = sides.every((side) => side >= 256 && side <= 4_096) && picture.bytes.length < 10_000_000
  return fits
    ? picture
    : refused(400, 'invalid_image', 'sides have to be from 256 to 4096 pixels, and the file below 10 MB')
}

/** No alpha, and nothing between 0 and 255. */
async function isBlackAndWhite(mask: InputPicture): Promise<boolean> {
  if (mask.hasAlpha) return false
  const pixels = await sharp(mask.bytes).raw().toBuffer()
  return pixels.every((value) => value === 0 || value === 255)
}

const ELSEWHERE = new Set(['prompt', 'model', 'n', 'size', 'image', 'mask', 'response_format', 'image_format'])

function jobOf(
  model: RecraftModel,
  fields: Fields,
  [width, height]: readonly [number, number],
  references: readonly InputPicture[],
): Job {
  const { prompt, model: name = 'recraftv4_1', n = 1, image_format: format = 'png' } = fields
  return {
    model: String(name),
    prompt: String(prompt),
    width,
    height,
    count: Number(n),
    format: model.isVector ? 'svg' : format === 'webp' ? 'webp' : 'png',
    references,
    look: Object.fromEntries(Object.entries(fields).filter(([field]) => !ELSEWHERE.has(field))),
    byAddress: fields['response_format'] !== 'b64_json',
  }
}

function isEmpty(authorization: string | undefined): boolean {
  return /empty|locked/u.test(authorization ?? '')
}

function refuseKey(authorization: string | undefined): Refusal | undefined {
  const key = /^Bearer (\S+)$/u.exec(authorization ?? '')?.[1]
  if (key === undefined || key.includes('invalid')) return { status: 401, body: 'request unauthorized' }
  return isEmpty(authorization)
    ? refused(402, 'not_enough_credits', 'not enough API units: top up your balance')
    : undefined
}

function refused(status: number, code: string, message: string): Refusal {
  return { status, body: { code, message } }
}
