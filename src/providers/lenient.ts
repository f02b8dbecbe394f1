import { z } from 'zod'

/** What a provider says beside its pictures: absent, null or of another type is nothing, and never a reason to drop what was paid for. */
export function lenient<T extends z.ZodType>(schema: T) {
  return schema
    .nullish()
    .transform((value) => value ?? undefined)
    .catch(undefined)
}

/** Absent, null and not-a-list are an empty list; one odd element does not spoil the others. */
export function list<T extends z.ZodType>(element: T) {
  return z
    .array(element.nullable().catch(null))
    .nullish()
    .transform((items) => (items ?? []).filter((item) => item !== null))
    .catch([])
}
