import { err, ok, type Result } from '../../core/result.ts'

/** Fields that the operator sets for a checkpoint; `width` and `height` for requests that leave their size open. */
export type Settings = Readonly<Record<string, string | number | boolean>>

export interface WebUiModel {
  /** As the machine lists it, by name, title or hash: `sd_xl_base_1.0`. */
  readonly checkpoint: string
  readonly settings: Settings
}

/**
 * A route's model id: a checkpoint, and behind it what suits it, as in an address: `sd_xl_base_1.0?width=1024&height=1024&steps=30`. The
 * program's own defaults are those of the first Stable Diffusion, 512 by 512 above all. The error is one sentence for the operator.
 */
export function readModel(id: string, fields: readonly string[]): Result<WebUiModel, string> {
  const [checkpoint = '', query = ''] = id.split(/\?(.*)/s)
  if (checkpoint === '') return err('The route names no checkpoint.')
  const given = Object.entries(Object.fromEntries(new URLSearchParams(query)))
  const stray = given.find(([name]) => name !== 'width' && name !== 'height' && !fields.includes(name))
  if (stray !== undefined) return err(`The route sets ${stray[0]}, which is nothing that a route can set.`)
  return ok({ checkpoint, settings: Object.fromEntries(given.map(([name, text]) => [name, read(text)])) })
}

function read(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}
