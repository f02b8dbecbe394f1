import { JsonBlob } from '../core/json-blob.ts'
import type { Delivery, Receipt } from '../core/receipt.ts'

/** A one-pixel PNG, base64. */
export const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

export function pixelBlob(): JsonBlob {
  return new JsonBlob('base64', [Buffer.from(PIXEL)])
}

/** A finished generation of `n` one-pixel pictures, for tests of what surfaces present. */
export function sampleDelivery(n = 1, text?: string): Delivery {
  return {
    receipt: sampleReceipt(n),
    pictures: Array.from({ length: n }, pixelBlob),
    text,
    usage: {
      inputTokens: 12,
      inputTextTokens: 12,
      inputImageTokens: 0,
      outputTokens: 1300,
      outputImageTokens: 1120,
      thoughtTokens: 150,
    },
    provider: 'Google AI Studio',
    nativeFinishReason: 'STOP',
  }
}

export function sampleReceipt(n = 1): Receipt {
  return {
    id: 'gen-1790000000-AbCdEfGhIjKlMnOpQrSt',
    status: 'settled',
    mode: 'live',
    created_at: '2026-09-21T13:33:20.500Z',
    finished_at: '2026-09-21T13:33:29.700Z',
    model: { requested: 'nano-banana-2', served: 'google/gemini-nano-banana-2.1', version: null },
    requested: { n, resolution: '1K', aspect_ratio: null, format: null },
    delivered: n,
    images: Array.from({ length: n }, (_, index) => ({
      index,
      sha256: 'ab'.repeat(32),
      media_type: 'image/png',
      width: 1024,
      height: 768,
      bytes: 70,
      converted_from: null,
      url: `/api/v1/generations/gen-1790000000-AbCdEfGhIjKlMnOpQrSt/images/${index}`,
      expires_at: '2026-10-21T13:33:29.700Z',
    })),
    lines: [
      { billable: 'output_image', unit: 'token', quantity: '1120', unit_price_usd: '0.00003', usd: '0.0336' },
      { billable: 'output_text', unit: 'token', quantity: '180', unit_price_usd: '0.000003', usd: '0.00054' },
      { billable: 'input_text', unit: 'token', quantity: '12', unit_price_usd: '0.0000005', usd: '0.000006' },
    ],
    price_version: '2026-11-22.1',
    hold_usd: '0.0645',
    charge_usd: '0.034146',
    provider_cost_usd: '0.034146',
    savings: [],
    attempts: [
      {
        n: 1,
        provider: 'vertex',
        model: 'gemini-nano-banana-2.1',
        why: 'first',
        state: 'not_billed',
        status: 503,
        sent_at: '2026-09-21T13:33:20.600Z',
        ms: 90,
        upstream_id: null,
      },
      {
        n: 2,
        provider: 'google-ai-studio',
        model: 'gemini-nano-banana-2.1',
        why: 'other: the provider answered 503',
        state: 'ok',
        status: 200,
        sent_at: '2026-09-21T13:33:20.700Z',
        ms: 8900,
        upstream_id: 'up-1',
      },
    ],
    routes: [
      {
        provider: 'google-ai-studio',
        model: 'gemini-nano-banana-2.1',
        served: 'google/gemini-nano-banana-2.1',
        taken: true,
        why: 'the cheapest',
      },
    ],
    differences: [],
    warnings: [{ code: 'model_retired', field: 'model', message: 'Served by its successor.' }],
    stored: true,
    error: null,
  }
}
