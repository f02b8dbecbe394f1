import { type ImageRequest, promptText, references } from '../../core/image-request.ts'
import type { JsonValue } from '../../core/json-blob.ts'
import { dataUrl } from '../../core/json-blobs.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { toDataUri } from '../inline-picture.ts'
import { toStencil } from '../mask.ts'
import type { Call } from '../provider.ts'
import { readModel, type Settings } from './model.ts'
import { sizeOf } from './size.ts'

/**
 * Keys of `provider.options.automatic1111` that are sent on. Left out on purpose are those that change the number of pictures (`n_iter`),
 * write to the machine's disk (`save_images`), reach into its settings (`override_settings`) or run its extensions (`script_name`,
 * `alwayson_scripts`).
 */
export const PASS_THROUGH = [
  'cfg_scale',
  'denoising_strength',
  'distilled_cfg_scale',
  'enable_hr',
  'eta',
  'hr_scale',
  'hr_second_pass_steps',
  'hr_upscaler',
  'inpaint_full_res',
  'inpaint_full_res_padding',
  'inpainting_fill',
  'mask_blur',
  'resize_mode',
  'restore_faces',
  'sampler_name',
  'scheduler',
  'steps',
  'subseed',
  'subseed_strength',
  'tiling',
] as const

type JsonObject = Readonly<Record<string, JsonValue | undefined>>

export interface Post {
  readonly path: '/sdapi/v1/txt2img' | '/sdapi/v1/img2img'
  readonly body: JsonObject
  /** The checkpoint that was asked for: a machine that does not have it uses another one without a word. */
  readonly checkpoint: string
  /** Pictures that are ours; what an extension adds comes behind them. */
  readonly count: number
}

/**
 * What is asked of the machine: what the caller said, behind it what the operator set on the route, and nothing else. `taskId` names the
 * task, so that it can be told from the others of the machine. The error is one sentence.
 */
export async function toPost(
  request: ImageRequest,
  options: JsonObject,
  modelId: string,
  { taskId, pixels }: { readonly taskId: string; readonly pixels: Call['pixels'] },
): Promise<Result<Post, string>> {
  const model = readModel(modelId, PASS_THROUGH)
  if (!model.ok) return model
  const { checkpoint, settings } = model.value
  const pictures = await picturesOf(request, pixels)
  if (!pictures.ok) return pictures
  const { seed, negativePrompt, n } = request
  const { width, height, ...tuned } = settings
  const size = sizeOf(request, sideOf(settings)) ?? { width, height }
  return ok({
    path: references(request).length === 0 ? '/sdapi/v1/txt2img' : '/sdapi/v1/img2img',
    checkpoint,
    count: n ?? 1,
    body: {
      ...tuned,
      ...Object.fromEntries(PASS_THROUGH.flatMap((key) => (key in options ? [[key, options[key]]] : []))),
      prompt: promptText(request),
      ...(negativePrompt !== undefined && { negative_prompt: negativePrompt }),
      ...(seed !== undefined && { seed }),
      ...(n !== undefined && { batch_size: n }),
      ...(size.width !== undefined && size.height !== undefined && size),
      ...pictures.value,
      override_settings: { sd_model_checkpoint: checkpoint },
      force_task_id: taskId,
    },
  })
}

/** Side of the square with as many pixels as the route's own size has. */
function sideOf({ width, height }: Settings): number | undefined {
  return typeof width === 'number' && typeof height === 'number' ? Math.sqrt(width * height) : undefined
}

async function picturesOf(request: ImageRequest, pixels: Call['pixels']): Promise<Result<JsonObject, string>> {
  const [first, surplus] = references(request)
  const { mask } = request
  if (surplus !== undefined) return err(`The picture at ${surplus.field} is one too many: an edit is of one picture.`)
  if (first === undefined) {
    return mask === undefined ? ok({}) : err(`The mask at ${mask.field} needs the picture that it lies over.`)
  }
  const image = toDataUri(first)
  if (!image.ok || mask === undefined) return image.ok ? ok({ init_images: [image.value] }) : image
  const stencil = await toStencil(mask, 'white', pixels)
  return stencil.ok ? ok({ init_images: [image.value], mask: dataUrl(stencil.value, 'image/png') }) : stencil
}
