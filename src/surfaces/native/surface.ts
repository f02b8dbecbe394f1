import { z } from 'zod'

import type { Estimate } from '../../core/ask.ts'
import { formatUsd } from '../../core/money.ts'
import type { Receipt } from '../../core/receipt.ts'
import { err, ok } from '../../core/result.ts'
import type { AskInput, AskRoute, Surface } from '../../core/surface.ts'
import { shortText, wholeNumberText } from '../fields.ts'
import { presentFailure } from '../openrouter/failure.ts'
import { imagesRequest, ImagesBody } from '../openrouter/images.ts'
import { offersRoute, type OffersParts } from './offers.ts'
import { operatorRoutes } from './operator.ts'
import { providersHealthRoute } from './providers-health.ts'

const ReceiptsQuery = z.object({
  limit: wholeNumberText(1, 100).optional().describe('1 to 100, default 50.'),
  cursor: shortText(500).optional().describe('Where the last page ended; opaque.'),
})

/** What Plantain has and no other dialect knows: receipts, estimates and the operator's own routes, in OpenRouter's envelope. */
export function nativeSurface(parts: OffersParts): Surface {
  return {
    name: 'native',
    prefix: '/api/v1',
    routes: [...routes, offersRoute(parts), providersHealthRoute, ...operatorRoutes],
    presentFailure,
  }
}

const routes: readonly AskRoute[] = [
  {
    kind: 'ask',
    id: 'getReceipt',
    method: 'GET',
    path: '/api/v1/generations/:id',
    summary: 'The receipt of a generation',
    access: 'any',
    parse: ({ params }) => ok({ ask: 'receipt', id: params['id'] ?? '' }),
    present: presentReceipt,
  } satisfies AskRoute<'receipt'>,
  {
    kind: 'ask',
    id: 'cancelGeneration',
    method: 'POST',
    path: '/api/v1/generations/:id/cancel',
    summary: 'Cancel a generation where that is free: nothing was sent yet, or its provider takes the call back',
    access: 'any',
    parse: ({ params }) => ok({ ask: 'cancel', id: params['id'] ?? '' }),
    present: presentReceipt,
  } satisfies AskRoute<'cancel'>,
  {
    kind: 'ask',
    id: 'listPictures',
    method: 'GET',
    path: '/api/v1/generations/:id/images',
    summary: 'The pictures of a generation, and where their bytes are',
    access: 'any',
    parse: ({ params }) => ok({ ask: 'receipt', id: params['id'] ?? '' }),
    present: ({ images }) => ({ data: images.map((image) => ({ ...image })) }),
  } satisfies AskRoute<'receipt'>,
  {
    kind: 'ask',
    id: 'listReceipts',
    method: 'GET',
    path: '/api/v1/generations',
    summary: 'Receipts, newest first',
    access: 'any',
    query: ReceiptsQuery,
    parse: ({ query }: AskInput & { query: z.output<typeof ReceiptsQuery> }) =>
      ok({ ask: 'receipts', limit: query.limit ?? 50, ...(query.cursor !== undefined && { cursor: query.cursor }) }),
    present: ({ receipts, cursor }) => ({ data: receipts.map(presentReceipt), cursor: cursor ?? null }),
  } satisfies AskRoute<'receipts'>,
  {
    kind: 'ask',
    id: 'estimate',
    method: 'POST',
    path: '/api/v1/estimate',
    summary: 'What a request would hold and typically cost, and which provider would serve it',
    access: 'any',
    body: ImagesBody,
    parse: ({ body }: AskInput & { body: ImagesBody }) => {
      const request = imagesRequest(body)
      return request.ok ? ok({ ask: 'estimate', request: request.value }) : err(request.error)
    },
    present: presentEstimate,
  } satisfies AskRoute<'estimate'>,
]

/** A receipt is a wire document already; it only has to be plain. */
function presentReceipt(receipt: Receipt) {
  return {
    ...receipt,
    images: receipt.images.map((image) => ({ ...image })),
    lines: receipt.lines.map((line) => ({ ...line })),
    attempts: receipt.attempts.map((attempt) => ({ ...attempt })),
    routes: receipt.routes.map((route) => ({ ...route })),
    differences: receipt.differences.map((difference) => ({ ...difference })),
    warnings: receipt.warnings.map((warning) => ({ ...warning })),
    error: receipt.error && { ...receipt.error },
    progress: receipt.progress && { ...receipt.progress },
  }
}

function presentEstimate({ model, hold, typical, priceVersion, routes: plan, warnings }: Estimate) {
  return {
    model,
    hold_usd: formatUsd(hold),
    typical_usd: formatUsd(typical),
    price_version: priceVersion,
    routes: plan.map(({ price, ...route }) => ({
      ...route,
      hold_usd: price ? formatUsd(price.hold) : null,
      typical_usd: price ? formatUsd(price.typical) : null,
    })),
    warnings: warnings.map((warning) => ({ ...warning })),
  }
}
