import { err, ok, type Result } from '../../core/result.ts'

/** What is needed to go on with one picture of a task: the way back to it, as far as this adapter sees. */
export interface Origin {
  readonly taskId: string
  /** 1 to 4: which picture of the task. */
  readonly index: number
  /** `customId`s of the buttons below the task; empty: the proxy has none. */
  readonly buttons: readonly string[]
}

const MARK = 'midjourney'

/** On its way through the engine's memory. Neither ids nor buttons have spaces. */
export function toContinuation({ taskId, index, buttons }: Origin): string {
  return [MARK, taskId, String(index), ...buttons].join(' ')
}

export function originIn(continuation: string | undefined): Origin | undefined {
  const [mark, taskId = '', index, ...buttons] = continuation?.split(' ') ?? []
  return mark === MARK ? { taskId, index: Number(index), buttons } : undefined
}

/**
 * Buttons by the beginning of their `customId`, where `#` is the picture. Those of a grid come before those of a single picture.
 * Source: SubmitController of trueai-org/midjourney-proxy (read 2026-11-22).
 */
const BUTTONS = {
  upscale: /^MJ::JOB::upsample::#::/,
  variation: /^MJ::JOB::variation::#::/,
  reroll: /^MJ::JOB::reroll::/,
  upscale_subtle: /^MJ::JOB::upsample_\w*subtle::/,
  upscale_creative: /^MJ::JOB::upsample_\w*creative::/,
  variation_subtle: /^MJ::JOB::low_variation::/,
  variation_strong: /^MJ::JOB::high_variation::/,
  zoom_out: /^MJ::Outpaint::50::/,
  zoom_out_1_5: /^MJ::Outpaint::75::/,
  pan_left: /^MJ::JOB::pan_left::/,
  pan_right: /^MJ::JOB::pan_right::/,
  pan_up: /^MJ::JOB::pan_up::/,
  pan_down: /^MJ::JOB::pan_down::/,
  inpaint: /^MJ::Inpaint::/,
} as const satisfies Record<string, RegExp>

export type Action = keyof typeof BUTTONS

export const ACTIONS = Object.keys(BUTTONS) as readonly Action[]

export function isAction(name: unknown): name is Action {
  return typeof name === 'string' && Object.hasOwn(BUTTONS, name)
}

/** Those that give one picture instead of a grid. */
const SINGLE: ReadonlySet<Action> = new Set(['upscale', 'upscale_subtle', 'upscale_creative'])

/** For `Traits.makes`. */
export function picturesMadeBy({ action }: Readonly<Record<string, unknown>>): number | undefined {
  return isAction(action) && SINGLE.has(action) ? 1 : undefined
}

/** Where an action is submitted, and what. */
export interface Press {
  readonly path: '/mj/submit/action' | '/mj/submit/change'
  readonly body: Readonly<Record<string, string | number>>
}

/** Words of older proxies, which have no buttons. */
const CHANGES: Readonly<Partial<Record<Action, string>>> = {
  upscale: 'UPSCALE',
  variation: 'VARIATION',
  reroll: 'REROLL',
}

/** The button of an action, or in a sentence why there is none. */
export function pressOf(action: Action, origin: Origin): Result<Press, string> {
  const { taskId, index, buttons } = origin
  if (buttons.length > 0) {
    const customId = buttons.find((button) => isButtonOf(action, button, index))
    if (customId !== undefined) return ok({ path: '/mj/submit/action', body: { taskId, customId } })
    return err(
      `Midjourney offers no ${action} for this picture. It offers: ${offered(origin).join(', ') || 'nothing'}.`,
    )
  }
  const change = CHANGES[action]
  if (change === undefined) return err(`The proxy that made the picture knows no ${action}.`)
  return ok({ path: '/mj/submit/change', body: { taskId, action: change, ...(action !== 'reroll' && { index }) } })
}

function offered({ buttons, index }: Origin): readonly Action[] {
  return ACTIONS.filter((action) => buttons.some((button) => isButtonOf(action, button, index)))
}

function isButtonOf(action: Action, button: string, index: number): boolean {
  const pattern = BUTTONS[action]
  return new RegExp(pattern.source.replace('#', String(index))).test(button)
}

/** Tasks that end in a grid, by the words of proxies without buttons. */
const GRIDS: ReadonlySet<string> = new Set(['IMAGINE', 'VARIATION', 'REROLL', 'BLEND', 'BLEAND'])

/** Whether the picture of a task is four in one: a picture that can be taken out of others is one of them. */
export function isGrid(action: string | undefined, buttons: readonly string[]): boolean {
  return buttons.length > 0
    ? buttons.some((button) => isButtonOf('upscale', button, 4))
    : action !== undefined && GRIDS.has(action)
}
