import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { IncomingMessage, RequestListener } from 'node:http'
import { describe, test } from 'node:test'

import sharp from 'sharp'

import type { ImageRequest, Part, Picture } from '../core/image-request.ts'
import { JsonBlob } from '../core/json-blob.ts'
import type { Traits } from './entry.ts'
import type { Upstream } from './http.ts'
import { answer, callTo, formFields, playback, type Played, withUpstream } from './playback.ts'
import type { Provider } from './provider.ts'
import { withinTraits } from './within-traits.ts'

export interface TraitFixtures {
  readonly model: string
  /** The entry's own. */
  readonly traits: Traits
  /** Models that show a trait which `model` has no use for: traits are the adapter's, whatever one of its models makes of them. */
  readonly ableModels?: Readonly<Partial<Record<Case['trait'], string>>> | undefined
  freeAnswer?(request: IncomingMessage, picture: Buffer): RequestListener
}

interface Case {
  readonly trait: 'edits' | 'mask' | 'seed' | 'negativePrompt' | 'mostPerCall'
  /** As the caller knows it. */
  readonly field: string
  /** The smallest request that needs the trait, and the same without it. */
  readonly more: ImageRequest
  readonly less: ImageRequest
}

/** Whether an adapter sends what its entry says it can, and whether everything else is refused before anything is sent. */
export function traitContract(make: (upstream: Upstream) => Provider, fixtures: TraitFixtures): void {
  const { traits, model: usual, ableModels = {}, freeAnswer = () => answer(404, '{}') } = fixtures

  describe('the traits of the entry', { concurrency: 4 }, () => {
    for (const { trait, field, more, less } of cases(traits)) {
      const model = ableModels[trait] ?? usual
      if (traits[trait] === false) {
        test(`${field} is refused unsent, by its name`, () => refuses(more, model, field))
        continue
      }
      test(`${field} is sent`, async () => {
        const [plain, again, full] = [
          await placesFor(less, model),
          await placesFor(less, model),
          await placesFor(more, model),
        ]

        assert.ok(full.size > 0, 'nothing was sent')
        // What differs between two equal requests, an id of the adapter's own, proves nothing.
        const isSteady = (place: string) => plain.get(place) === again.get(place)
        const news = [...full].filter(([place, value]) => isSteady(place) && plain.get(place) !== value)
        assert.ok(news.length > 0, `without ${field} the same is sent`)
      })
    }

    test('one picture more than a call can be asked for is refused unsent', () =>
      refuses({ ...TEXT, n: traits.mostPerCall + 1 }, usual, 'n'))
  })

  async function refuses(request: ImageRequest, model: string, field: string): Promise<void> {
    const { result, sent } = await sentFor(request, model)
    assert.ok(!result.ok)
    assert.deepEqual([result.error.kind, result.error.billed, sent.length], ['rejected', 'no', 0])
    assert.ok(result.error.message.split(' ').includes(field), result.error.message)
  }

  async function placesFor(request: ImageRequest, model: string) {
    return placesIn((await sentFor(request, model)).sent)
  }

  /** Everything that is sent for a request until the paid one has arrived, which is never answered. */
  async function sentFor(request: ImageRequest, model: string) {
    const arrived = new AbortController()
    let hasDeparted = false
    await using server = await playback((asked, response) => {
      if (hasDeparted) arrived.abort()
      else freeAnswer(asked, PNG)(asked, response)
    })
    const call = callTo(server.url, { departing: () => void (hasDeparted = true) })
    const signal = AbortSignal.any([call.signal, arrived.signal])
    const result = await withUpstream({}, (upstream) =>
      withinTraits(make(upstream), traits).generate(request, { ...call, model, signal }),
    )
    return { result, sent: server.requests }
  }
}

const PNG = await sharp({ create: { width: 64, height: 64, channels: 4, background: '#80808080' } })
  .png()
  .toBuffer()
const WORDS: Part = { type: 'text', text: 'a red fox' }
const TEXT: ImageRequest = { model: 'any', turns: [{ role: 'user', parts: [WORDS] }] }
const EDIT: ImageRequest = {
  model: 'any',
  turns: [{ role: 'user', parts: [WORDS, { type: 'image', picture: picture('input_references.0') }] }],
}

function cases({ mostPerCall }: Traits): readonly Case[] {
  const all: readonly Case[] = [
    { trait: 'edits', field: 'input_references.0', more: EDIT, less: TEXT },
    { trait: 'mask', field: 'mask', more: { ...EDIT, mask: picture('mask') }, less: EDIT },
    { trait: 'seed', field: 'seed', more: { ...TEXT, seed: 424_242 }, less: TEXT },
    { trait: 'negativePrompt', field: 'negative_prompt', more: { ...TEXT, negativePrompt: 'clouds' }, less: TEXT },
    { trait: 'mostPerCall', field: 'n', more: { ...TEXT, n: mostPerCall }, less: { ...TEXT, n: 1 } },
  ]
  return all.filter(({ trait }) => trait !== 'mostPerCall' || mostPerCall > 1)
}

function picture(field: string): Picture {
  const blob = new JsonBlob('binary', [PNG], 'image/png')
  const sha256 = createHash('sha256').update(PNG).digest('hex')
  const facts = { sha256, mediaType: 'image/png', width: 64, height: 64, bytes: PNG.length }
  return { field, source: { type: 'inline', blob }, facts }
}

/** What was sent as places with values: `0.path`, `0.body.prompt`. */
async function placesIn(requests: readonly Played[]): Promise<ReadonlyMap<string, string>> {
  const all = requests.map(async (request) => ({ path: request.path, body: await bodyOf(request) }))
  return new Map(placesOf(await Promise.all(all), ''))
}

async function bodyOf(request: Played): Promise<unknown> {
  const type = request.headers['content-type'] ?? ''
  if (type.startsWith('multipart/form-data')) return await formFields(request)
  return type.startsWith('application/json') ? JSON.parse(request.body) : request.body
}

function placesOf(value: unknown, place: string): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) return [[place, String(value)]]
  return Object.entries(value).flatMap(([name, inner]) => placesOf(inner, `${place}.${name}`))
}
