import type { ImageRequest } from '../../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { Endpoint } from './quirks.ts'

const TAG = 'sd_cpp_extra_args'

/** The words as this server reads them. Nobody else's orders may be in them: what it takes for one is disarmed, or the request refused. */
export function toPrompt(
  { seed, negativePrompt }: ImageRequest,
  words: string,
  passed: Readonly<Record<string, JsonValue>>,
  way: Endpoint['prompt'],
): Result<string, string> {
  switch (way) {
    case undefined:
      return ok(words)
    case 'negative behind a bar': {
      const plain = withoutBars(words)
      return ok(negativePrompt === undefined ? plain : `${plain}|${withoutBars(negativePrompt)}`)
    }
    case 'arguments in a tag': {
      if (words.includes(`${TAG}>`))
        return err(`The prompt holds the tag ${TAG}, in which this server looks for orders.`)
      const given = {
        ...passed,
        ...(seed !== undefined && { seed }),
        ...(negativePrompt !== undefined && { negative_prompt: negativePrompt }),
      }
      if (Object.keys(given).length === 0) return ok(words)
      if (holdsBytes(given)) return err('What is passed through is too long to be part of the prompt.')
      // No value can end the tag early: there is no < left that is one.
      return ok(`${words} <${TAG}>${JSON.stringify(given).replaceAll('<', String.raw`\u003c`)}</${TAG}>`)
    }
    default:
      return way satisfies never
  }
}

/** LocalAI cuts the prompt at each bar and takes what follows for what is not wanted; it knows no way to escape one. */
function withoutBars(text: string): string {
  return text.replaceAll('|', '¦')
}

/** Whether a text in it is so long that it is kept as bytes. */
function holdsBytes(value: JsonValue | undefined): boolean {
  if (value instanceof JsonBlob) return true
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsBytes)
}
