import { type Command, InvalidArgumentError } from 'commander'

import type { JsonValue } from '../core/json-blob.ts'
import { FORMATS } from '../core/image-request.ts'
import type { CommonOptions } from './session.ts'

/** What `generate`, `edit` and `estimate` ask of a picture. */
export interface RequestOptions extends CommonOptions {
  readonly model?: string
  readonly number?: number
  readonly size?: string
  readonly aspectRatio?: string
  readonly quality?: string
  readonly format?: string
  readonly seed?: number
  readonly provider?: readonly string[]
  readonly live?: boolean
}

export function addRequestOptions(command: Command): Command {
  return command
    .option('-m, --model <model>', 'id or alias of a model (default: PLANTAIN_DEFAULT_MODEL)')
    .option('-n, --number <count>', 'how many pictures, 1 to 10', wholeNumber)
    .option('--size <size>', 'a tier (1K, 2K, 4K) or pixels (1024x768)')
    .option('--aspect-ratio <ratio>', '16:9, 3:2, 1:1 …')
    .option('--quality <quality>', 'auto, low, medium or high, where the model knows such a thing')
    .option('--format <format>', `${FORMATS.join(', ')} or svg (default: by the file name, else the model's own)`)
    .option('--seed <number>', 'the same seed tends to give the same picture', wholeNumber)
    .option('--provider <slug>', 'only this provider; may be repeated', repeated)
    .option('--live', 'with real money at a real provider, instead of the sandbox')
    .option('--json', 'one JSON document on standard output')
}

/** The body of `POST /api/v1/images`. What was not said stays unsaid. */
export function requestBody(
  prompt: string,
  { model, number, size, aspectRatio, quality, format, seed, provider }: RequestOptions,
  defaultModel: string,
): Record<string, JsonValue | undefined> {
  return {
    model: model ?? defaultModel,
    prompt,
    n: number,
    size,
    aspect_ratio: aspectRatio,
    quality,
    output_format: format === 'jpg' ? 'jpeg' : format,
    seed,
    ...(provider && { provider: { only: provider } }),
  }
}

/** A whole number as an option says it. */
export function wholeNumber(text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
