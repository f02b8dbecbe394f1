const TONES: Readonly<Record<string, string>> = {
  red: '#c23b34',
  crimson: '#a3213a',
  orange: '#e0832f',
  yellow: '#e8c33f',
  golden: '#d9a93a',
  gold: '#d9a93a',
  brass: '#c79a48',
  green: '#4d8b52',
  olive: '#7d7a3c',
  teal: '#2d8585',
  blue: '#3f6fb5',
  navy: '#26365f',
  purple: '#7350a0',
  violet: '#7350a0',
  pink: '#dd8aa6',
  brown: '#80593a',
  beige: '#dccbb0',
  cream: '#f1e6d0',
  jute: '#c9ab78',
  white: '#f4f2ec',
  gray: '#8f9297',
  grey: '#8f9297',
  black: '#2b2c31',
  silver: '#b9bec6',
}

const NAMES = new RegExp(String.raw`\b(${Object.keys(TONES).join('|')})\b`, 'iu')

/** The colour that the prompt gives a thing: the last colour word in the same clause up to the thing's name; undefined when it says none. */
export function toneOf(prompt: string, thing: RegExp): string | undefined {
  for (const clause of prompt.slice(0, 4000).split(/[,.;]|\band\b|\bwith\b/iu)) {
    const at = clause.search(thing)
    const word =
      at < 0
        ? undefined
        : clause
            .slice(0, at)
            .split(/\s+/u)
            .findLast((name) => NAMES.test(name))
    const name = word === undefined ? undefined : NAMES.exec(word)?.[1]
    if (name !== undefined) return TONES[name.toLowerCase()]
  }
  return undefined
}

/** The first colour word of all. */
export function firstTone(prompt: string): string | undefined {
  const [, name] = NAMES.exec(prompt.slice(0, 4000)) ?? []
  return name === undefined ? undefined : TONES[name.toLowerCase()]
}
