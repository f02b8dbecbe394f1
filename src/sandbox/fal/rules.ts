/** What one input field takes. `size` is a preset by name or `{width, height}`; pictures are data URIs, as the sandbox fetches nothing. */
export type Rule =
  | { readonly is: 'text' }
  | { readonly is: 'boolean' }
  | { readonly is: 'number'; readonly from: number; readonly to: number; readonly whole?: boolean }
  | { readonly is: 'choice'; readonly of: readonly string[] }
  | { readonly is: 'texts' }
  | { readonly is: 'size'; readonly named: Readonly<Record<string, Side>>; readonly fits: (side: Side) => boolean }
  | { readonly is: 'picture' }
  | { readonly is: 'pictures'; readonly most: number }

export type Side = readonly [width: number, height: number]
export type Rules = Readonly<Record<string, Rule>>

const NAMED: Readonly<Record<string, Side>> = {
  square_hd: [1024, 1024],
  square: [512, 512],
  portrait_4_3: [768, 1024],
  portrait_16_9: [576, 1024],
  landscape_4_3: [1024, 768],
  landscape_16_9: [1024, 576],
}

export const SEED = { seed: whole(0, 4_294_967_295) } as const
export const COUNT = { num_images: whole(1, 4) } as const
export const JPEG_PNG = { output_format: { is: 'choice', of: ['jpeg', 'png'] } } as const
export const THREE_FORMATS = { output_format: { is: 'choice', of: ['jpeg', 'png', 'webp'] } } as const
export const NEGATIVE = { negative_prompt: { is: 'text' } } as const
export const SIZE = { image_size: sized((side) => between(side, 64, 14_142) && area(side) <= 4_194_304 * 4) } as const
/** FLUX.2: any picture up to four megapixels, sides in steps of 16. */
export const FLUX_2_SIZE = {
  image_size: sized((side) => between(side, 64, 4_096) && area(side) <= 4_194_304 && side.every((l) => l % 16 === 0)),
} as const
/** An edit's size follows the picture, unless told. */
export const FLUX_2_EDIT_SIZE = {
  image_size: { ...FLUX_2_SIZE.image_size, named: { ...NAMED, auto: [0, 0] } },
} as const
export const TUNING = {
  guidance_scale: number(0, 20),
  num_inference_steps: whole(1, 50),
  enable_safety_checker: { is: 'boolean' },
  acceleration: { is: 'choice', of: ['none', 'regular', 'high'] },
} as const
export const ONE_PICTURE = { image_url: { is: 'picture' } } as const
/** The ratios that FLUX.1's models take. */
export const NINE_RATIOS = ratios('21:9', '16:9', '4:3', '3:2', '1:1', '2:3', '3:4', '9:16', '9:21')

export function tolerance(most: number) {
  return { safety_tolerance: { is: 'choice', of: ['1', '2', '3', '4', '5', '6'].slice(0, most) } } as const
}

export function pictures(most: number) {
  return { image_urls: { is: 'pictures', most } } as const
}

export function ratios(...of: readonly string[]) {
  return { aspect_ratio: { is: 'choice', of } } as const
}

/** Seedream: presets grow to the smallest area that it makes. */
export function seedreamSize(least: number, most: number, ...automatic: readonly string[]) {
  const grown = Object.entries(NAMED).map(([name, [width, height]]) => {
    const factor = 2048 / Math.sqrt(width * height)
    return [name, [Math.round(width * factor), Math.round(height * factor)]] as const
  })
  const named = Object.fromEntries([
    ...grown,
    ...automatic.map((name) => [name, SQUARES[name] ?? SQUARES['auto_2K']] as const),
  ]) as Readonly<Record<string, Side>>
  return { image_size: { is: 'size', named, fits: (side: Side) => area(side) >= least && area(side) <= most } } as const
}

const SQUARES: Readonly<Record<string, Side>> = {
  auto: [2048, 2048],
  auto_2K: [2048, 2048],
  auto_3K: [3072, 3072],
  auto_4K: [4096, 4096],
}

export function number(from: number, to: number) {
  return { is: 'number', from, to } as const
}

export function whole(from: number, to: number) {
  return { is: 'number', from, to, whole: true } as const
}

function sized(fits: (side: Side) => boolean) {
  return { is: 'size', named: NAMED, fits } as const
}

function between([width, height]: Side, from: number, to: number): boolean {
  return Math.min(width, height) >= from && Math.max(width, height) <= to
}

function area([width, height]: Side): number {
  return width * height
}
