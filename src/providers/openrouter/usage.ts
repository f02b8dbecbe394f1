import { add, type Nanos, usd, ZERO } from '../../core/money.ts'
import type { TokenUsage } from '../../core/receipt.ts'
import type { UpstreamFailure } from '../provider.ts'
import type { Usage } from './wire.ts'

/**
 * Tokens by what they were. OpenRouter does not tell which input tokens were pictures, so all of them are text; those of pictures going
 * out and of thoughts are told where the model has such. Undefined when nothing was counted.
 */
export function tokensOf(reported: Usage): TokenUsage | undefined {
  const { prompt_tokens: input, completion_tokens: output, completion_tokens_details: details } = reported
  if (input === undefined && output === undefined) return undefined
  const outputTokens = output ?? 0
  return {
    inputTokens: input ?? 0,
    inputTextTokens: input ?? 0,
    inputImageTokens: 0,
    outputTokens,
    outputImageTokens: Math.min(outputTokens, details?.image_tokens ?? 0),
    thoughtTokens: Math.min(outputTokens, details?.reasoning_tokens ?? 0),
  }
}

/** What the call took from the operator: OpenRouter's charge, and with a key of his own at the provider also the provider's. */
export function costOf({ cost, is_byok: isByok, cost_details: details }: Usage): Nanos | undefined {
  if (cost === undefined) return undefined
  const elsewhere = isByok === true ? details?.upstream_inference_cost : undefined
  return add(nanosOf(cost), elsewhere === undefined ? ZERO : nanosOf(elsewhere))
}

/** To the nearest nano, exactly: `toFixed` is defined on the double's true value, so 0.1 + 0.2 is 0.3 dollars and not a nano more. */
export function nanosOf(dollars: number): Nanos {
  return usd(dollars.toFixed(9))
}

/** Whether an answer without a picture was charged: its cost says so; without one, `otherwise` is what the documents leave. */
export function billedBy(usage: Usage | undefined, otherwise: UpstreamFailure['billed']): UpstreamFailure['billed'] {
  const cost = usage && costOf(usage)
  if (cost === undefined) return otherwise
  return cost > ZERO ? 'yes' : 'no'
}
