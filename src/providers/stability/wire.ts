import { z } from 'zod'

import { JsonBlob } from '../../core/json-blob.ts'
import { lenient, list } from '../lenient.ts'

/**
 * What Stability answers: only the fields that are read, each as forgiving as a paid answer deserves. Source: its OpenAPI file, as
 * generated into tryAGI/StabilityAI (`ImageJSONResponse`, `ContentModerationResponse`; read 2026-11-22).
 */
const Text = lenient(z.string())

export const Finished = z.object({
  /** Base64. */
  image: lenient(z.union([z.string(), z.instanceof(JsonBlob)])),
  /** `SUCCESS`, or `CONTENT_FILTERED`: the picture is there, and blurred. */
  finish_reason: Text,
})
export type Finished = z.infer<typeof Finished>

export const Failed = z.object({
  /** To be told to support. */
  id: Text,
  /** `bad_request` */
  name: Text,
  /** `some-field: is required` */
  errors: list(z.string()),
  /** What the older services, the balance among them, have instead of `errors`. */
  message: Text,
})

export const Balance = z.object({ credits: z.number() })
