import { z } from 'zod'

/** What the command line reads of a receipt; the rest passes through `--json` untouched. */
export const ReceiptFacts = z.looseObject({
  id: z.string(),
  status: z.string(),
  mode: z.enum(['live', 'test']),
  created_at: z.string(),
  model: z.looseObject({ requested: z.string(), served: z.string() }),
  images: z.array(
    z.looseObject({
      index: z.number(),
      media_type: z.string(),
      width: z.number(),
      height: z.number(),
      bytes: z.number(),
      converted_from: z.string().nullable(),
      expires_at: z.string().nullable(),
    }),
  ),
  lines: z.array(
    z.looseObject({
      billable: z.string(),
      unit: z.string(),
      quantity: z.string(),
      unit_price_usd: z.string(),
      usd: z.string(),
    }),
  ),
  hold_usd: z.string(),
  charge_usd: z.string(),
  attempts: z.array(
    z.looseObject({ provider: z.string(), model: z.string(), state: z.string(), ms: z.number().nullable() }),
  ),
  warnings: z.array(z.looseObject({ message: z.string() })),
  stored: z.boolean(),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
})
export type ReceiptFacts = z.output<typeof ReceiptFacts>

/** `0.0672 USD`, and whether it is real. */
export function costText({ charge_usd, mode }: Pick<ReceiptFacts, 'charge_usd' | 'mode'>): string {
  return `${charge_usd} USD${mode === 'test' ? ' (test money)' : ''}`
}

/** `1024×1024 PNG, converted from image/jpeg`. */
export function pictureText(image: ReceiptFacts['images'][number]): string {
  const name = FORMAT_NAMES[image.media_type] ?? image.media_type
  const origin = image.converted_from === null ? '' : `, converted from ${image.converted_from}`
  return `${image.width}×${image.height} ${name}${origin}`
}

const FORMAT_NAMES: Readonly<Record<string, string>> = {
  'image/png': 'PNG',
  'image/jpeg': 'JPEG',
  'image/webp': 'WebP',
  'image/svg+xml': 'SVG',
  'image/gif': 'GIF',
}
