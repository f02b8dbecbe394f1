import { z } from 'zod'

import { isoDay, systemClock } from '../core/clock.ts'
import type { JsonValue } from '../core/json-blob.ts'
import { formatUsd, type Nanos, sum, usd, ZERO } from '../core/money.ts'
import { PROVIDERS } from '../providers/registry.ts'
import type { ProviderFinding } from './ask-providers.ts'
import { cheapestFirst, type Wish } from './cheapest.ts'
import type { Client } from './client.ts'
import { CommandFailure } from './failure.ts'
import { readCatalog } from './open.ts'
import { ReceiptFacts } from './receipt-lines.ts'
import type { Session } from './session.ts'

/** How many of a provider's models are thought of, where it or the gateway does not know the cheaper ones. */
const MOST_MODELS = 5

/** Pictures that the gateway is ready to have made, of which the first that the provider makes is the only one. */
interface Offers {
  readonly provider: string
  /** Never empty; cheapest first. */
  readonly offers: readonly Offer[]
}

interface Offer {
  readonly model: string
  readonly body: Record<string, JsonValue | undefined>
  readonly typical: Nanos
  /** What the gateway will hold for it. */
  readonly hold: Nanos
}

/**
 * Has every provider make its cheapest picture, by the way that every picture goes: planned, held, sent once, kept and settled, with a
 * receipt. What all of it costs at most is said before the first one is asked for.
 */
export async function proveProviders(
  session: Session,
  providers: readonly string[],
): Promise<readonly ProviderFinding[]> {
  const catalog = readCatalog(session.config.settings.PLANTAIN_CATALOG)
  if (!catalog.ok) throw new CommandFailure(3, catalog.error)
  const client = await session.client('live')
  const today = isoDay(systemClock.now())
  const offered = await Promise.all(
    providers.map((provider) => {
      const limits = PROVIDERS[provider]?.traits
      return offersOf(client, provider, cheapestFirst(catalog.value.models, { provider, limits, today }))
    }),
  )
  announce(
    session,
    offered.flatMap((offer) => ('offers' in offer ? [offer] : [])),
  )
  return await Promise.all(offered.map(async (offer) => ('offers' in offer ? await prove(client, offer) : offer)))
}

function announce({ terminal }: Session, offered: readonly Offers[]): void {
  const usual = sum(offered.map(({ offers }) => offers[0]?.typical ?? ZERO))
  const most = sum(offered.map(({ offers }) => dearest(offers)))
  terminal.note(`One picture at each of ${offered.length} providers, in all ${costs(usual, most)}:`)
  for (const { provider, offers } of offered) {
    const models = offers.map(({ model }) => model).join(', else ')
    terminal.note(`  ${provider}: ${models}; ${costs(offers[0]?.typical ?? ZERO, dearest(offers))}`)
  }
}

function costs(usual: Nanos, most: Nanos): string {
  return `usually ${formatUsd(usual)} USD, at most ${formatUsd(most)} USD`
}

function dearest(offers: readonly Offer[]): Nanos {
  return offers.reduce((most, { hold }) => (hold > most ? hold : most), ZERO)
}

const Estimate = z.object({ hold_usd: z.string() })

/** The cheapest wishes as far as the gateway would take them; where it takes none, why not. */
async function offersOf(client: Client, provider: string, wishes: readonly Wish[]): Promise<Offers | ProviderFinding> {
  const offers: Offer[] = []
  let why = 'the catalogue has no picture there at a price that may be charged; set or confirm one in PLANTAIN_CATALOG'
  for (const { model, resolution, quality, typical } of wishes.slice(0, MOST_MODELS)) {
    const body = { model, prompt: 'A plantain.', resolution, quality, provider: { only: [provider] } }
    try {
      const { value } = await client.send('POST', '/api/v1/estimate', body, Estimate)
      offers.push({ model, body, typical, hold: usd(value.hold_usd) })
    } catch (error) {
      why = `no picture can be asked for: ${refusalIn(error).message}`
    }
  }
  return offers.length > 0 ? { provider, offers } : { provider, state: 'wrong', text: why }
}

async function prove(client: Client, { provider, offers }: Offers): Promise<ProviderFinding> {
  let last: ProviderFinding = { provider, state: 'wrong', text: 'there is nothing to ask for' }
  for (const { model, body } of offers) {
    try {
      const { value, generationId } = await client.send('POST', '/api/v1/images', body, z.object({ id: z.string() }))
      const { id, charge_usd: charge } = await receiptOf(client, generationId ?? value.id)
      const text = `made a picture with ${model} for ${charge} USD, ${id}`
      return { provider, state: 'ok', text, generation: id, charge }
    } catch (error) {
      const refusal = refusalIn(error)
      const { code, generation_id: id } = refusal.facts
      const text = `could not make a picture with ${model}: ${oneLine(refusal.message)}`
      last = { provider, state: 'wrong', text, ...(typeof id === 'string' && { generation: id }) }
      // Another model is no remedy for the credential, and no second picture may be paid for.
      if (code === 'provider_unconfigured' || typeof id !== 'string' || (await mayHaveCost(client, id))) return last
    }
  }
  return last
}

async function mayHaveCost(client: Client, id: string): Promise<boolean> {
  const { attempts } = await receiptOf(client, id)
  return attempts.some(({ state }) => state !== 'not_billed')
}

async function receiptOf(client: Client, id: string): Promise<ReceiptFacts> {
  return (await client.get(`/api/v1/generations/${id}`, ReceiptFacts)).value
}

/** What the gateway says of this request; trouble with the gateway itself ends the command. */
function refusalIn(error: unknown): CommandFailure {
  if (error instanceof CommandFailure && error.exitCode === 1) return error
  throw error
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}
