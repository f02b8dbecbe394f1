import { z } from 'zod'

import type { GenerationContent, GenerationFacts } from '../../core/ask.ts'
import { ok } from '../../core/result.ts'
import type { AskInput, AskRoute } from '../../core/surface.ts'
import { shortText } from '../fields.ts'
import { displayName } from './model-views.ts'
import { dollars } from './usage.ts'

const IdQuery = z.object({ id: shortText(100).describe('A generation id, `gen-…`.') })
type WithId = AskInput & { readonly query: z.output<typeof IdQuery> }

export const generationRoutes: readonly AskRoute[] = [
  {
    kind: 'ask',
    id: 'getGeneration',
    method: 'GET',
    path: '/api/v1/generation',
    summary: 'What a generation used and cost',
    access: 'any',
    query: IdQuery,
    parse: ({ query }: WithId) => ok({ ask: 'generation', id: query.id }),
    present: (facts) => ({ data: presentGeneration(facts) }),
  } satisfies AskRoute<'generation'>,
  {
    kind: 'ask',
    id: 'getGenerationContent',
    method: 'GET',
    path: '/api/v1/generation/content',
    summary: 'The words of a generation',
    access: 'any',
    query: IdQuery,
    parse: ({ query }: WithId) => ok({ ask: 'content', id: query.id }),
    present: (content) => ({ data: presentContent(content) }),
  } satisfies AskRoute<'content'>,
]

/** The official client requires almost every field; what has no meaning for pictures is null. */
function presentGeneration(facts: GenerationFacts) {
  const { receipt, usage, caller } = facts
  const totalMs = receipt.finished_at === null ? null : Date.parse(receipt.finished_at) - Date.parse(receipt.created_at)
  const served = receipt.attempts.findLast((attempt) => attempt.state === 'ok')
  return {
    id: receipt.id,
    api_type: 'image',
    created_at: receipt.created_at,
    model: receipt.model.served,
    provider_name: facts.provider ?? null,
    router: null,
    origin: caller.origin ?? caller.referer ?? '',
    http_referer: caller.referer ?? null,
    user_agent: caller.userAgent ?? null,
    app_id: null,
    streamed: facts.streamed,
    cancelled: false,
    finish_reason: facts.finishReason ?? null,
    native_finish_reason: facts.nativeFinishReason ?? null,
    generation_time: served?.ms ?? totalMs,
    latency: totalMs,
    moderation_latency: null,
    tokens_prompt: usage.inputTokens,
    tokens_completion: usage.outputTokens,
    native_tokens_prompt: usage.inputTokens,
    native_tokens_completion: usage.outputTokens,
    native_tokens_completion_images: usage.outputImageTokens,
    native_tokens_reasoning: usage.thoughtTokens,
    native_tokens_cached: 0,
    num_media_prompt: facts.references,
    num_media_completion: receipt.delivered,
    num_input_audio_prompt: 0,
    num_search_results: 0,
    num_fetches: 0,
    total_cost: dollars(receipt.charge_usd),
    usage: dollars(receipt.charge_usd),
    upstream_inference_cost: dollars(receipt.provider_cost_usd),
    cache_discount: null,
    is_byok: false,
    upstream_id: served?.upstream_id ?? null,
    external_user: caller.user ?? null,
    preset_id: null,
    service_tier: null,
    web_search_engine: null,
    data_region: 'global',
    workspace_id: facts.workspaceId,
    session_id: caller.sessionId ?? null,
    request_id: caller.requestId,
    response_cache_source_id: null,
    provider_responses: receipt.attempts.map(({ provider, model, status, ms }) => ({
      provider_name: displayName(provider),
      status,
      latency: ms ?? 0,
      is_byok: false,
      endpoint_id: `${provider}/${model}`,
      model_permaslug: receipt.model.served,
    })),
    status: receipt.status,
    mode: receipt.mode,
  }
}

/** Pictures are counted, not sent: they are fetched by the receipt's links. */
function presentContent({ turns, completion, error, provider }: GenerationContent) {
  return {
    input: { messages: (turns ?? []).map(({ role, text, images }) => ({ role, content: text, images })) },
    output: { completion: completion ?? null, reasoning: null },
    /** Extension: false where prompts are not kept, so that an empty list is no riddle. */
    stored: turns !== undefined,
    error:
      error === null
        ? null
        : {
            message: error.message,
            status: error.status,
            provider_name: provider ?? null,
            raw: null,
            previous_errors: [],
          },
  }
}
