import { sum, usd, usdNumber, type Nanos } from '../../core/money.ts'
import type { Billable, Delivery } from '../../core/receipt.ts'

/**
 * OpenRouter's usage block, in the form that satisfies every known client: token details always there and never null, and both
 * of `cost_details`' required numbers (official client 1.3.19, AI SDK provider 3.1.0).
 */
export function usageOf({ receipt, usage }: Delivery) {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: usage.thoughtTokens, image_tokens: usage.outputImageTokens },
    cost: dollars(receipt.charge_usd),
    is_byok: false,
    cost_details: {
      upstream_inference_cost: dollars(receipt.provider_cost_usd),
      upstream_inference_prompt_cost: costOf(receipt.lines, ['input_text', 'input_image']),
      upstream_inference_completions_cost: costOf(receipt.lines, ['output_image', 'output_text']),
    },
  }
}

/** A receipt's decimal dollars as the JSON number that OpenRouter's formats demand. */
export function dollars(decimal: string): number {
  return usdNumber(usd(decimal))
}

function costOf(lines: Delivery['receipt']['lines'], billables: readonly Billable[]): number {
  const amounts: Nanos[] = lines.filter((line) => billables.includes(line.billable)).map((line) => usd(line.usd))
  return usdNumber(sum(amounts))
}
