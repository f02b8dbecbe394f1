import type { IncomingMessage } from 'node:http'
import type { Nanos } from '../../core/money.ts'
import { formatUsd, usdNumber } from '../../core/money.ts'
import type { Bill } from '../bill.ts'
import { sendJson, sendRefusal } from '../simulator.ts'
import type { Handler, SimulatorOptions } from '../simulator.ts'
import { keyRefusal, refusalFor } from './errors.ts'
import { answerGenerate } from './generate.ts'
import { modelsServed } from './models.ts'
import type { SimulatedModel } from './model.ts'

/**
 * OpenRouter's API as far as pictures need it, after its own reference: https://openrouter.ai/docs/api-reference (read 2026-11-22).
 * Strict where OpenRouter is, and where it would silently pass a field over, strict too. Not simulated: previews while a picture is
 * made, fallback models, presets, plugins, the Responses API, keys and accounts.
 */
export function openRouterSimulator(options: SimulatorOptions): Handler {
  const models = modelsServed(options.retired)
  return async (request, response, path) => {
    const url = new URL(path, 'http://sandbox')
    const asked = `${request.method} ${url.pathname}`
    if (asked === 'GET /api/v1/models') return sendJson(response, listing(models, url.searchParams))
    switch (asked) {
      case 'POST /api/v1/images':
        return await answerGenerate(request, response, { ...options, models, api: 'images' })
      case 'POST /api/v1/chat/completions':
        return await answerGenerate(request, response, { ...options, models, api: 'chat/completions' })
      case 'GET /api/v1/key': {
        const refusal = keyRefusal(request.headers.authorization)
        // It costs nothing, so a key without credit gets its answer too.
        if (refusal && refusal.status !== 402) return sendRefusal(response, refusal)
        return sendJson(response, { data: keyFacts(options.bill, models, isSpent(request)) })
      }
      default:
        return sendRefusal(response, refusalFor(404, `The sandbox does not simulate ${asked}.`))
    }
  }
}

/** Models that answer in words alone by default: who looks for pictures has to ask for them. */
function listing(models: readonly SimulatedModel[], query: URLSearchParams): object {
  const wanted = (query.get('output_modalities') ?? 'text').split(',')
  const shown = models.filter(
    ({ speaks }) => wanted.includes('all') || wanted.includes('image') || (wanted.includes('text') && speaks),
  )
  return { data: shown.map(described), total_count: shown.length, links: { next: null } }
}

/** The day on which the list was read. */
const CREATED = Math.floor(Date.UTC(2026, 10, 22) / 1000)

function described({ id, name, maxReferences, speaks, seed, price }: SimulatedModel): object {
  const inputs = maxReferences > 0 ? ['text', 'image'] : ['text']
  const outputs = speaks ? ['image', 'text'] : ['image']
  return {
    id,
    canonical_slug: id,
    name,
    created: CREATED,
    description: `${name}, simulated by the sandbox`,
    context_length: 32_768,
    hugging_face_id: null,
    architecture: {
      modality: `${inputs.join('+')}->${outputs.join('+')}`,
      input_modalities: inputs,
      output_modalities: outputs,
      tokenizer: 'Other',
      instruct_type: null,
    },
    pricing: pricing(price),
    top_provider: { context_length: 32_768, max_completion_tokens: null, is_moderated: false },
    per_request_limits: null,
    supported_parameters: seed ? ['seed'] : [],
    default_parameters: null,
    supported_voices: null,
    knowledge_cutoff: null,
    expiration_date: null,
    links: { details: `/api/v1/models/${id}/endpoints` },
  }
}

/** Decimal dollars per token, and per picture where pictures are what is sold. */
function pricing(price: SimulatedModel['price']): object {
  switch (price.per) {
    case 'google token': {
      const { input, text, image } = price.gemini.rates
      return { prompt: usd(input), completion: usd(text), image_output: usd(image) }
    }
    case 'token':
      return {
        prompt: usd(price.rates.text),
        completion: usd(price.rates.words),
        image_token: usd(price.rates.picture),
        image_output: usd(price.rates.image),
      }
    case 'image':
      return { prompt: '0', completion: '0', image_output: usd(Object.values(price.byTier)[0] ?? 0n) }
    case 'megapixel':
      return { prompt: '0', completion: '0', image_output: usd(price.first) }
    default:
      return price satisfies never
  }
}

function usd(nanos: bigint): string {
  return formatUsd(nanos as Nanos)
}

/** Whether the key has a limit of its own, and nothing left of it. */
function isSpent({ headers }: IncomingMessage): boolean {
  return headers.authorization?.includes('empty') === true
}

function keyFacts(bill: Bill, models: readonly SimulatedModel[], isOver: boolean): object {
  const sold = bill.report().models
  const nanos = models.reduce((total, { id }) => total + BigInt(sold[id]?.billed_nanos ?? 0), 0n)
  const usage = usdNumber(nanos as Nanos)
  return {
    label: 'sk-or-v1-san...box',
    limit: isOver ? 10 : null,
    limit_remaining: isOver ? 0 : null,
    limit_reset: null,
    include_byok_in_limit: false,
    usage,
    usage_daily: usage,
    usage_weekly: usage,
    usage_monthly: usage,
    byok_usage: 0,
    byok_usage_daily: 0,
    byok_usage_weekly: 0,
    byok_usage_monthly: 0,
    is_free_tier: false,
    is_management_key: false,
    is_provisioning_key: false,
    expires_at: null,
    free_model_daily_requests: { limit: 1000, remaining: 1000, used: 0 },
    rate_limit: { requests: -1, interval: '10s', note: 'deprecated' },
    creator_user_id: 'user_sandbox',
    organization_id: null,
    workspace_id: null,
    allowed_data_regions: ['global'],
  }
}
