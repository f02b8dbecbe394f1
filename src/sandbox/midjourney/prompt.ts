/** A prompt as Midjourney reads it: words, and behind them parameters. */
export interface Prompt {
  readonly words: string
  readonly flags: Readonly<Record<string, string>>
  readonly width: number
  readonly height: number
}

/** Parameters and what they take. Source: https://docs.midjourney.com, Parameter List (read 2026-11-22). */
const PARAMETERS: Readonly<Record<string, RegExp>> = {
  ar: /^\d{1,4}:\d{1,4}$/,
  no: /^\S.*$/,
  seed: /^\d{1,10}$/,
  v: /^(1|2|3|4|5|5\.1|5\.2|6|6\.1|7|8)$/,
  niji: /^(4|5|6|7)$/,
  style: /^(raw|cute|expressive|original|scenic)$/,
  raw: /^$/,
  draft: /^$/,
  tile: /^$/,
  stylize: /^(\d{1,3}|1000)$/,
  chaos: /^(\d{1,2}|100)$/,
  weird: /^([0-2]?\d{1,3}|3000)$/,
  exp: /^(\d{1,2}|100)$/,
  stop: /^([1-9]\d|100)$/,
  iw: /^[0-3](\.\d+)?$/,
  sref: /^\S+( \S+)*$/,
  sw: /^(\d{1,3}|1000)$/,
  sv: /^[1-7]$/,
  cref: /^\S+( \S+)*$/,
  cw: /^(\d{1,2}|100)$/,
  oref: /^\S+$/,
  ow: /^(\d{1,3}|1000)$/,
  p: /^\S*$/,
}

/**
 * Sides in pixels of one of four square pictures, by version; what is not here makes them of a megapixel. Those of the first version are
 * 256 in truth: here they are small, for tests.
 */
const SIDES: Readonly<Record<string, number>> = { '1': 64, '2': 256, '3': 256, '4': 512 }

/** The prompt, or in Midjourney's words what is wrong with it. */
export function readPrompt(text: string): Prompt | string {
  const [words = '', ...rest] = text.split(/(?:^|\s)--(?=[a-z])/i)
  const flags: Record<string, string> = {}
  for (const flag of rest) {
    const [name = '', ...values] = flag.trim().split(/\s+/)
    const value = values.join(' ')
    const takes = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined
    if (takes === undefined) return `[Invalid parameter] Unrecognized parameter(s): \`--${name}\``
    if (!takes.test(value)) return `[Invalid parameter] Invalid value provided for argument \`--${name}\`: ${value}`
    if (name in flags) return `[Invalid parameter] \`--${name}\` was given twice`
    flags[name] = value
  }
  if (Number(flags['seed'] ?? 0) > 4_294_967_295)
    return `[Invalid parameter] Invalid value provided for argument \`--seed\``
  return { words: words.trim(), flags, ...sidesOf(flags) }
}

/** Even, so that four of them make a picture that can be cut without a rest. */
function sidesOf({ ar = '1:1', v = '7' }: Readonly<Record<string, string>>): Pick<Prompt, 'width' | 'height'> {
  const [across = 1, down = 1] = ar.split(':').map(Number)
  const stretch = Math.sqrt(Math.max(1, across) / Math.max(1, down))
  const side = SIDES[v] ?? 1024
  return { width: even(side * stretch), height: even(side / stretch) }
}

function even(length: number): number {
  return Math.max(16, Math.round(length / 2) * 2)
}
