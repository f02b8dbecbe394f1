import {
  endpointPrices,
  liveRoutes,
  openrouterPricing,
  shutDownOn,
  supportedParameters,
} from '../../catalog/listing.ts'
import { type Model, type ModelRoute, onRoute } from '../../catalog/model.ts'
import { findProvider } from '../../catalog/provider-names.ts'

/** What the views ask about this install. */
export interface Standing {
  /** Whether the operator has given a credential for this provider. */
  isConfigured(slug: string): boolean
  /** `YYYY-MM-DD` in UTC: routes that ended by then are not shown. */
  today(): string
}

export function displayName(slug: string): string {
  return findProvider(slug)?.name ?? slug
}

/** A model of `GET /models`; every field that the official client requires. */
export function presentModel(model: Model) {
  const context = model.maxPromptTokens ?? null
  return {
    id: model.id,
    canonical_slug: model.id,
    name: model.name,
    created: model.created,
    description: model.description,
    context_length: context,
    hugging_face_id: null,
    architecture: architectureOf(model),
    pricing: { ...openrouterPricing(model) },
    top_provider: { context_length: context, max_completion_tokens: null, is_moderated: false },
    per_request_limits: null,
    supported_parameters: Object.keys(supportedParameters(model)),
    default_parameters: null,
    supported_voices: null,
    knowledge_cutoff: null,
    expiration_date: shutDownOn(model),
    links: { details: `/api/v1/models/${model.id}/endpoints` },
  }
}

/** A model of `GET /images/models`. */
export function presentImageModel(model: Model) {
  return {
    id: model.id,
    name: model.name,
    description: model.description,
    created: model.created,
    architecture: { input_modalities: model.inputModalities, output_modalities: model.outputModalities },
    supported_parameters: { ...supportedParameters(model) },
    supports_streaming: model.supports.streaming,
    endpoints: `/api/v1/images/models/${model.id}/endpoints`,
    expiration_date: shutDownOn(model),
  }
}

/** `GET /models/{author}/{slug}/endpoints`: one endpoint per route. */
export function presentEndpoints(model: Model, standing: Standing) {
  return {
    id: model.id,
    name: model.name,
    created: model.created,
    description: model.description,
    architecture: architectureOf(model),
    endpoints: liveRoutes(model, standing.today()).map((route) => presentEndpoint(model, route, standing)),
  }
}

/** No token of a prompt is shorter than a byte, and a prompt has at most 128 KiB: the bound where the maker states none. */
const MOST_PROMPT_TOKENS = 128 * 1024

function presentEndpoint(model: Model, route: ModelRoute, standing: Standing) {
  const name = displayName(route.provider)
  return {
    name: `${name} | ${route.model}`,
    tag: route.provider,
    model_id: model.id,
    model_name: model.name,
    provider_name: name,
    context_length: model.maxPromptTokens ?? MOST_PROMPT_TOKENS,
    max_completion_tokens: null,
    max_prompt_tokens: model.maxPromptTokens ?? null,
    quantization: 'unknown',
    status: 0,
    pricing: { ...openrouterPricing(onRoute(model, route)) },
    supported_parameters: Object.keys(supportedParameters(model)),
    supports_implicit_caching: false,
    supports_tool_choice: { auto: false, function: false, none: false, required: false },
    latency_last_30m: null,
    throughput_last_30m: null,
    uptime_last_5m: null,
    uptime_last_30m: null,
    uptime_last_1d: null,
    expiration_date: route.retiresAt ?? null,
    configured: standing.isConfigured(route.provider),
  }
}

/** `GET /images/models/{author}/{slug}/endpoints`: here without a `data` around it. */
export function presentImageEndpoints(model: Model, standing: Standing) {
  return {
    id: model.id,
    endpoints: liveRoutes(model, standing.today()).map((route) => ({
      provider_name: displayName(route.provider),
      provider_slug: route.provider,
      provider_tag: route.provider,
      supported_parameters: { ...supportedParameters(model) },
      allowed_passthrough_parameters: [],
      supports_streaming: model.supports.streaming,
      pricing: endpointPrices(onRoute(model, route)).map((row) => ({ ...row })),
      configured: standing.isConfigured(route.provider),
    })),
  }
}

function architectureOf({ inputModalities, outputModalities }: Model) {
  return {
    modality: `${inputModalities.join('+')}->${outputModalities.join('+')}`,
    input_modalities: inputModalities,
    output_modalities: outputModalities,
    tokenizer: 'Other',
    instruct_type: null,
  }
}
