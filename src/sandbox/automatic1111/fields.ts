import type { Refusal } from '../simulator.ts'

type Rule =
  | { readonly is: 'text' | 'boolean' | 'object' | 'pictures' }
  | { readonly is: 'number'; readonly from: number; readonly to: number; readonly whole: boolean }

const TEXT: Rule = { is: 'text' }
const SWITCH: Rule = { is: 'boolean' }

/** Fields of both ways of asking. Source: modules/api/models.py and modules/processing.py (read 2026-11-22). */
const COMMON: Readonly<Record<string, Rule>> = {
  prompt: TEXT,
  negative_prompt: TEXT,
  seed: whole(-1, 2 ** 53),
  subseed: whole(-1, 2 ** 53),
  subseed_strength: number(0, 1),
  width: whole(8, 8_192),
  height: whole(8, 8_192),
  batch_size: whole(1, 8),
  n_iter: whole(1, 100),
  steps: whole(1, 150),
  cfg_scale: number(0, 30),
  /** Forge alone. */
  distilled_cfg_scale: number(0, 30),
  sampler_name: TEXT,
  scheduler: TEXT,
  eta: number(0, 1),
  denoising_strength: number(0, 1),
  restore_faces: SWITCH,
  tiling: SWITCH,
  override_settings: { is: 'object' },
  force_task_id: TEXT,
}

const TXT2IMG: Readonly<Record<string, Rule>> = {
  ...COMMON,
  enable_hr: SWITCH,
  hr_scale: number(1, 4),
  hr_upscaler: TEXT,
  hr_second_pass_steps: whole(0, 150),
}

const IMG2IMG: Readonly<Record<string, Rule>> = {
  ...COMMON,
  init_images: { is: 'pictures' },
  mask: TEXT,
  mask_blur: whole(0, 64),
  resize_mode: whole(0, 3),
  inpainting_fill: whole(0, 3),
  inpaint_full_res: SWITCH,
  inpaint_full_res_padding: whole(0, 256),
  inpainting_mask_invert: whole(0, 1),
}

const SAMPLERS: readonly unknown[] = ['Euler', 'Euler a', 'DPM++ 2M', 'DPM++ SDE', 'DDIM', 'UniPC', 'LCM', undefined]

export type Fields = Readonly<Record<string, unknown>>

/**
 * The fields of a body, or pydantic's complaint. Stricter than the program in two things: a field that it does not have is refused
 * instead of passed over, so that a wrong name cannot pass unnoticed, and numbers have to be numbers already.
 */
export function checkFields(method: 'txt2img' | 'img2img', body: unknown): Fields | Refusal {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return complaint(['body'], 'value is not a valid dict', 'type_error.dict')
  }
  const rules = method === 'txt2img' ? TXT2IMG : IMG2IMG
  const fields = body as Fields
  for (const [name, value] of Object.entries(fields)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) return complaint(['body', name], 'extra fields not permitted', 'value_error.extra')
    const wrong = wrongWith(rule, value)
    if (wrong !== undefined) return complaint(['body', name], ...wrong)
  }
  const { override_settings: overrides = {} } = fields
  const stray = Object.keys(overrides as object).find((name) => name !== 'sd_model_checkpoint')
  if (stray !== undefined)
    return complaint(['body', 'override_settings', stray], 'extra fields not permitted', 'value_error.extra')
  return SAMPLERS.includes(fields['sampler_name']) ? fields : exception(400, 'Sampler not found')
}

function wrongWith(rule: Rule, value: unknown): readonly [message: string, type: string] | undefined {
  switch (rule.is) {
    case 'text':
      return typeof value === 'string' ? undefined : ['str type expected', 'type_error.str']
    case 'boolean':
      return typeof value === 'boolean' ? undefined : ['value could not be parsed to a boolean', 'type_error.bool']
    case 'object':
      return typeof value === 'object' && value !== null ? undefined : ['value is not a valid dict', 'type_error.dict']
    case 'pictures':
      return Array.isArray(value) && value.every((item) => typeof item === 'string')
        ? undefined
        : ['value is not a valid list', 'type_error.list']
    case 'number':
      if (typeof value !== 'number' || (rule.whole && !Number.isInteger(value)))
        return [`value is not a valid ${rule.whole ? 'integer' : 'float'}`, 'type_error.number']
      return value < rule.from || value > rule.to
        ? [`ensure this value is from ${rule.from} to ${rule.to}`, 'value_error.number']
        : undefined
    default:
      return rule satisfies never
  }
}

export function complaint(loc: readonly string[], msg: string, type: string): Refusal {
  return { status: 422, body: { detail: [{ loc, msg, type }] } }
}

/** An error as the program's own handler writes it. */
export function exception(status: number, detail: string, error = 'HTTPException', errors = ''): Refusal {
  return { status, body: { error, detail, body: '', errors } }
}

export function outOfMemory(): Refusal {
  const said = 'CUDA out of memory. Tried to allocate 4.50 GiB. GPU 0 has a total capacity of 23.64 GiB'
  return exception(500, '', 'OutOfMemoryError', said)
}

function whole(from: number, to: number): Rule {
  return { is: 'number', from, to, whole: true }
}

function number(from: number, to: number): Rule {
  return { is: 'number', from, to, whole: false }
}
