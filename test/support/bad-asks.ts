import type { Keys } from './gateway.ts'

export const MODEL = 'google/gemini-nano-banana-2.1'

/** Keys that do not work, or not far enough, beside those that do. */
export type BadKeys = Keys & Readonly<Record<'deleted' | 'disabled' | 'expired' | 'poor', string>>

export interface Ask {
  readonly path: '/api/v1/chat/completions' | '/api/v1/images' | '/v1/images/generations'
  readonly body: string | Buffer | object
  /** As the caller of this route wrote it. */
  readonly field?: string | undefined
}

type Extra = Readonly<Record<string, unknown>>

export const PATHS = ['/api/v1/chat/completions', '/api/v1/images', '/v1/images/generations'] as const

export function chat(extra: Extra, field?: string, content: unknown = 'a fox'): Ask {
  return {
    path: '/api/v1/chat/completions',
    body: { model: MODEL, messages: [{ role: 'user', content }], ...extra },
    field,
  }
}

export function images(extra: Extra, field?: string): Ask {
  return { path: '/api/v1/images', body: { model: MODEL, prompt: 'a fox', ...extra }, field }
}

export function openai(extra: Extra, field?: string): Ask {
  return { path: '/v1/images/generations', body: { model: MODEL, prompt: 'a fox', ...extra }, field }
}

/** The same fields on all three routes. */
export function everywhere(extra: Extra, field?: string): readonly Ask[] {
  return [chat(extra, field), images(extra, field), openai(extra, field)]
}

/** The same fields where chat has them under `image_config`. */
export function shaped(extra: Extra, field: string): readonly Ask[] {
  return [chat({ image_config: extra }, `image_config.${field}`), images(extra, field), openai(extra, field)]
}

export function raw(body: string | Buffer): readonly Ask[] {
  return PATHS.map((path) => ({ path, body }))
}

export function part(url: string) {
  return { type: 'image_url', image_url: { url } }
}

/** Pictures sent along, on both routes that take some; the last of them is at fault unless said otherwise. */
export function withReferences(urls: readonly string[], at = urls.length - 1, model = MODEL): readonly Ask[] {
  const content = [{ type: 'text', text: 'make it blue' }, ...urls.map(part)]
  return [
    chat({ model }, `messages.0.content.${at + 1}.image_url.url`, content),
    images({ model, input_references: urls.map(part) }, `input_references.${at}.image_url.url`),
  ]
}

export function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)]
}

export interface Row {
  readonly what: string
  readonly asks: readonly Ask[] | (() => readonly Ask[])
  readonly status: number
  /** The message must hold each of these. */
  readonly says: readonly (string | RegExp)[]
  /** The header; undefined sends none. Default: a test key. */
  readonly authorization?: (keys: BadKeys) => string | undefined
  readonly contentType?: string
}

export const withKey = (key: (keys: BadKeys) => string) => ({
  authorization: (keys: BadKeys) => `Bearer ${key(keys)}`,
})
