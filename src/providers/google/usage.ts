import type { TokenUsage } from '../../core/receipt.ts'
import type { UsageMetadata } from './wire.ts'

/**
 * Tokens by what they were. On success the parts add up to `totalTokenCount`, and `candidatesTokenCount` exceeds its own details
 * (the rest is text). On a blocked answer `candidatesTokenCount` may mirror the thoughts, so there the total decides.
 * Undefined when nothing was counted.
 */
export function usageOf(reported: UsageMetadata, hasImage: boolean): TokenUsage | undefined {
  const {
    promptTokenCount,
    candidatesTokenCount,
    thoughtsTokenCount = 0,
    toolUsePromptTokenCount = 0,
    totalTokenCount,
  } = reported
  if (promptTokenCount === undefined && candidatesTokenCount === undefined) return undefined
  const candidates = candidatesTokenCount ?? 0
  const inputTokens = (promptTokenCount ?? 0) + toolUsePromptTokenCount
  const inputImageTokens = Math.min(inputTokens, sumOf(reported.promptTokensDetails, ['IMAGE']))
  const outputTokens =
    hasImage || totalTokenCount === undefined
      ? candidates + thoughtsTokenCount
      : Math.max(0, totalTokenCount - inputTokens)
  return {
    inputTokens,
    inputTextTokens: inputTokens - inputImageTokens,
    inputImageTokens,
    outputTokens,
    outputImageTokens: Math.min(outputTokens, outputImageTokens(reported, candidates, hasImage)),
    thoughtTokens: Math.min(outputTokens, thoughtsTokenCount),
  }
}

function outputImageTokens(
  { candidatesTokensDetails: details }: UsageMetadata,
  candidates: number,
  hasImage: boolean,
): number {
  if (details.some(({ modality }) => modality === 'IMAGE')) return sumOf(details, ['IMAGE'])
  // Nothing is said of pictures: if there is one, it is what is not accounted for otherwise.
  return hasImage ? Math.max(0, candidates - sumOf(details, ['TEXT', 'AUDIO'])) : 0
}

function sumOf(details: UsageMetadata['promptTokensDetails'], modalities: readonly string[]): number {
  return details
    .filter(({ modality }) => modality !== undefined && modalities.includes(modality))
    .reduce((total, { tokenCount = 0 }) => total + tokenCount, 0)
}
