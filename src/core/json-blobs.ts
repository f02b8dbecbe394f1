/**
 * The codec: JSON in and out as bytes, in which long strings (pictures, above all) stay slices of the buffers they came in and never
 * become JavaScript strings. It keeps the process small and awake: a 30 MB answer costs the heap next to nothing and no step stalls the
 * event loop.
 *
 *     const read = await readJson(response.body, { mode: 'answer', limits: ANSWER_LIMITS })
 *     const body = writeJson({ model, image: dataUrl(blob, 'image/png') })
 */
export { ANSWER_LIMITS, REQUEST_LIMITS } from './json-limits.ts'
export type { JsonLimits, JsonProblem } from './json-limits.ts'
export { readJson } from './json-reader.ts'
export type { JsonDocument, ReadOptions } from './json-reader.ts'
export { dataUrl, writeJson } from './json-writer.ts'
export type { JsonBody } from './json-writer.ts'
