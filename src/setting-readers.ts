import { z } from 'zod'

import { nearestProviders, providerCalled, PROVIDER_NAMES } from './catalog/provider-names.ts'
import { FAILPOINTS, readFailpoint } from './core/failpoint.ts'

export const whole = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, `must be from ${minimum} to ${maximum}`)

const SIZE_UNITS = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const

export const size = z.string().transform((text, context) => {
  const match = /^(\d+)([KMGT]?)$/.exec(text)
  if (match === null) {
    context.addIssue({
      code: 'custom',
      message: 'must be a number of bytes, with K, M, G or T behind it if you like: 200G',
    })
    return z.NEVER
  }
  return Number(match[1]) * SIZE_UNITS[match[2] as keyof typeof SIZE_UNITS]
})

export const onOff = z
  .enum(['on', 'off', '1', '0', 'true', 'false'], 'must be on or off')
  .transform((text) => text === 'on' || text === '1' || text === 'true')

export const address = z
  .string()
  .refine((text) => ['http:', 'https:'].includes(URL.parse(text)?.protocol ?? ''), 'must be an http or https URL')

export const postgresUrl = z
  .string()
  .refine(
    (text) => ['postgres:', 'postgresql:'].includes(URL.parse(text)?.protocol ?? ''),
    'must be a postgres:// or postgresql:// URL, for example postgres://user:password@host:5432/plantain',
  )

/** Slugs or display names, as slugs. One that nobody has is a problem: it would be a promise about nobody. */
export const providerList = z.string().transform((text, context) =>
  listed(text).flatMap((name) => {
    const slug = providerCalled(name)?.slug
    if (slug !== undefined) return [slug]
    const slugs = PROVIDER_NAMES.map((provider) => provider.slug)
    context.addIssue({
      code: 'custom',
      message: `no provider is called ${JSON.stringify(name)}; the nearest: ${nearestProviders(name, slugs).slice(0, 3).join(', ')}`,
    })
    return []
  }),
)

export const rangeList = z
  .string()
  .transform(listed)
  .refine((ranges) => ranges.every(isRange), 'must be CIDR ranges with commas between them: 10.1.0.0/16')

function isRange(text: string): boolean {
  return /^[\da-fA-F.:]+\/\d{1,3}$/.test(text)
}

export const originList = z
  .string()
  .transform(listed)
  .refine(
    (origins) => origins.every((origin) => URL.parse(origin)?.origin === origin),
    'must be origins with commas between them: https://cdn.example.com',
  )

/** Where a crash test has the gateway kill itself. */
export const moment = z.string().transform((text, context) => {
  const failpoint = readFailpoint(text)
  if (failpoint !== undefined) return failpoint
  context.addIssue({
    code: 'custom',
    message: `must be one of: ${FAILPOINTS.join(', ')}; with :N for the N-th time`,
  })
  return z.NEVER
})

/** The parts of a comma-separated text, each once. */
export function listed(text: string): readonly string[] {
  const parts = text.split(',').map((part) => part.trim())
  return [...new Set(parts)].filter((part) => part !== '')
}
