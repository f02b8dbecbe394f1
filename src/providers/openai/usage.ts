import type { TokenUsage } from '../../core/receipt.ts'
import type { Usage } from './wire.ts'

/**
 * Tokens by what they were, for all pictures of a call, previews among them. Output that is not told apart is left open where
 * `areAllPictures` is not said: then the charge warns of it. Undefined when nothing was counted.
 */
export function tokensOf(reported: Usage, areAllPictures: boolean): TokenUsage | undefined {
  const {
    input_tokens: input,
    input_tokens_details: into,
    output_tokens: output,
    output_tokens_details: out,
  } = reported
  if (input === undefined && output === undefined) return undefined
  const inputTokens = input ?? 0
  const outputTokens = output ?? 0
  const inputImageTokens = Math.min(inputTokens, into?.image_tokens ?? 0)
  // Zero is a count like any other: only what is absent is not told.
  const outputImageTokens = out?.image_tokens ?? (areAllPictures ? outputTokens : 0)
  return {
    inputTokens,
    inputTextTokens: inputTokens - inputImageTokens,
    inputImageTokens,
    outputTokens,
    outputImageTokens: Math.min(outputTokens, outputImageTokens),
    thoughtTokens: 0,
  }
}
