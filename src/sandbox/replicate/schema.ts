/** What the simulator's tables of models are written in. */
export interface SimulatedModel {
  /** A community's model: it is run by this version, and by its name alone it cannot be. */
  readonly version?: string
  readonly rules: Readonly<Record<string, Rule>>
  readonly required: readonly string[]
  /** Side of a square picture where no size is said, and the ratio where none is. */
  readonly side: number
  readonly ratio: string
  /** The result has the shape of the first picture: whatever is said, or unless a ratio is. */
  readonly follows?: 'always' | 'unless told'
  readonly format: 'jpeg' | 'png' | 'webp'
  readonly output: 'one' | 'list'
  readonly price: Price
}

export type Rule =
  | { readonly is: 'text' | 'boolean' | 'size' }
  | PictureRule
  | {
      readonly is: 'number'
      readonly from: number
      readonly to: number
      readonly whole?: boolean
      readonly step?: number
    }
  | { readonly is: 'choice'; readonly of: readonly string[] }

export type PictureRule = { readonly is: 'picture' } | { readonly is: 'pictures'; readonly most: number }

/** Nano-dollars: a picture; or a run and each megapixel of its pictures and its result, each picture rounded up by itself. */
export type Price =
  | { readonly per: 'image'; readonly nanos: bigint }
  | { readonly per: 'megapixel'; readonly run: bigint; readonly nanos: bigint }

export const TEXT = { is: 'text' } as const
export const BOOLEAN = { is: 'boolean' } as const
export const PICTURE = { is: 'picture' } as const
export const SEED = { seed: whole(0, 2 ** 31 - 1) } as const
export const JPG = { output_format: choice('jpg', 'png') } as const
export const ANY = { output_format: choice('webp', 'jpg', 'png'), output_quality: whole(0, 100) } as const
export const SAFETY = { safety_tolerance: whole(0, 6) } as const

export const NINE = ['1:1', '16:9', '3:2', '2:3', '4:5', '5:4', '9:16', '3:4', '4:3']
export const ELEVEN = [...NINE, '21:9', '9:21']
export const EIGHT = ['1:1', '4:3', '3:4', '16:9', '9:16', '3:2', '2:3', '21:9']

export const BASE = { required: ['prompt'], side: 1024, ratio: '1:1', format: 'jpeg', output: 'one' } as const

export function cents(amount: number): Price {
  return { per: 'image', nanos: BigInt(Math.round(amount * 10_000_000)) }
}

export function choice(...of: readonly string[]) {
  return { is: 'choice', of } as const
}

export function number(from: number, to: number) {
  return { is: 'number', from, to } as const
}

export function whole(from: number, to: number) {
  return { is: 'number', from, to, whole: true } as const
}
