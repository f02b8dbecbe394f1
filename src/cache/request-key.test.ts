import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { ImageRequest, Part, Picture, RoutingPreferences, Turn } from '../core/image-request.ts'
import { JsonBlob, type JsonValue } from '../core/json-blob.ts'
import { type KeyedRequest, requestKey } from './request-key.ts'

const FACTS = { sha256: 'a'.repeat(64), mediaType: 'image/png', width: 8, height: 8, bytes: 3 }
const PICTURE = {
  field: 'input_references.0',
  source: { type: 'inline', blob: new JsonBlob('base64', [Buffer.from('AAAA')]) },
  facts: FACTS,
} as const satisfies Picture
const OTHER: Picture = { ...PICTURE, facts: { ...FACTS, sha256: 'b'.repeat(64) } }

/** Two values for everything that a type may say. A new field does not compile until it stands here. */
type TwoOfEach<T> = {
  readonly [Field in keyof T]-?: readonly [Exclude<T[Field], undefined>, Exclude<T[Field], undefined>]
}

const REQUEST: TwoOfEach<ImageRequest> = {
  model: ['acme/pix', 'acme/pix-2'],
  fallbackModels: [['b'], ['c']],
  turns: [[saying('a fox')], [saying('a hare')]],
  mask: [PICTURE, OTHER],
  n: [1, 2],
  size: [
    { width: 512, height: 1024 },
    { width: 1024, height: 512 },
  ],
  resolution: ['1K', '2K'],
  aspectRatio: ['16:9', '9:16'],
  quality: ['low', 'high'],
  background: ['opaque', 'transparent'],
  format: ['png', 'webp'],
  compression: [0, 80],
  seed: [0, 1],
  negativePrompt: ['blur', ''],
  previews: [0, 2],
  wantsText: [true, false],
  routing: [{ only: ['fal'] }, { ignore: ['fal'] }],
  providerOptions: [{ fal: { steps: 4 } }, { fal: { steps: 5 } }],
  user: ['u-1', 'u-2'],
  sessionId: ['s-1', 's-2'],
  metadata: [{ a: '1' }, { a: '2' }],
  ignored: [['tools'], ['temperature']],
}

const ROUTING: TwoOfEach<RoutingPreferences> = {
  order: [
    ['a', 'b'],
    ['b', 'a'],
  ],
  only: [['a'], ['b']],
  ignore: [['a'], ['b']],
  allowFallbacks: [true, false],
  requireParameters: [true, false],
  sort: [{ by: 'price' }, { by: 'latency' }],
  maxPrice: [{ image: '0.04' }, { image: '0.05' }],
  dataCollection: ['allow', 'deny'],
  zdr: [true, false],
  fallbackOnModeration: [true, false],
  unheeded: [['a'], ['b']],
}

const TURN: TwoOfEach<Turn> = {
  role: ['user', 'system'],
  parts: [[{ type: 'text', text: 'a fox' }], [{ type: 'image', picture: PICTURE }]],
}

/** Where a picture came from does not count beside what it is. */
const SEEN: TwoOfEach<Omit<Picture, 'field' | 'source'>> = {
  facts: [
    { ...FACTS, sha256: 'c'.repeat(64) },
    { ...FACTS, sha256: 'd'.repeat(64) },
  ],
  continuation: ['token-1', 'token-2'],
}

const WHOLE: TwoOfEach<KeyedRequest> = {
  workspaceId: ['ws-1', 'ws-2'],
  mode: ['live', 'test'],
  modelVersion: ['v1', 'v2'],
  request: [request(), request({ seed: 7 })],
}

function saying(text: string): Turn {
  return { role: 'user', parts: [{ type: 'text', text }] }
}

function request(more: Partial<ImageRequest> = {}): ImageRequest {
  return { model: 'acme/pix', turns: [saying('a fox')], ...more }
}

function key(asked: ImageRequest = request()): string {
  return requestKey({ workspaceId: 'ws-1', mode: 'live', modelVersion: 'v1', request: asked })
}

function withPicture(picture: Picture): ImageRequest {
  const parts: readonly Part[] = [{ type: 'image', picture }]
  return request({ turns: [{ role: 'user', parts }] })
}

/** One thing in as many ways as its type has fields and each field values, and once without the field where it may be absent. */
function variants<T extends object>(
  base: T,
  fields: TwoOfEach<T>,
): readonly { readonly name: string; readonly of: T }[] {
  return Object.entries(fields).flatMap(([field, values]) =>
    (values as readonly unknown[]).map((value, index) => ({
      name: `${field} ${index}`,
      of: { ...base, [field]: value },
    })),
  )
}

function assertDistinct(keys: readonly { readonly name: string; readonly key: string }[]): void {
  const names = new Map<string, string>()
  for (const { name, key: made } of keys) {
    assert.match(made, /^[0-9a-f]{64}$/)
    assert.equal(names.get(made), undefined, `${name} and ${names.get(made)} have one key`)
    names.set(made, name)
  }
}

test('X8: whatever a request says is in its key: every value of every field makes another one', () => {
  const asked = variants<ImageRequest>(request({ n: 3 }), REQUEST)
  // What the base says already is one variant, not two.
  const told = asked.filter(({ name }) => name !== 'model 0' && name !== 'turns 0')

  assertDistinct([
    { name: 'nothing', key: key(request({ n: 3 })) },
    ...told.map(({ name, of }) => ({ name, key: key(of) })),
  ])
})

test('so are routing preferences, turns, and pictures by their hash', () => {
  assertDistinct([
    ...variants<RoutingPreferences>({}, ROUTING).map(({ name, of }) => ({ name, key: key(request({ routing: of })) })),
    ...variants<Turn>(saying('x'), TURN)
      .filter(({ name }) => name !== 'role 0')
      .map(({ name, of }) => ({ name, key: key(request({ turns: [of] })) })),
    ...variants<Omit<Picture, 'field' | 'source'>>(OTHER, SEEN).map(({ name, of }) => ({
      name,
      key: key(withPicture({ ...PICTURE, ...of })),
    })),
  ])
})

test('X8: workspace, mode and version of the model are in it', () => {
  const base: KeyedRequest = { workspaceId: 'ws', mode: 'live', modelVersion: 'v', request: request({ seed: 1 }) }
  const made = variants<KeyedRequest>(base, WHOLE).filter(({ name }) => name !== 'mode 0')

  assertDistinct(made.map(({ name, of }) => ({ name, key: requestKey(of) })))
})

test('where a picture stood and came from is not: its bytes are', () => {
  const linked: Picture = { ...PICTURE, field: 'messages.0', source: { type: 'url', url: 'https://a.test/b.png' } }

  assert.equal(key(withPicture(linked)), key(withPicture(PICTURE)))
})

test('a picture that nobody has looked at has no key', () => {
  const { facts: _, ...unseen } = PICTURE

  assert.throws(() => key(withPicture(unseen)), /input_references\.0 has no facts/)
})

test('the order of keys is not in it, at any depth; any change of a value deep inside is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (one, another) => {
      const options = (value: unknown) => request({ providerOptions: { fal: { value: value as JsonValue, steps: 4 } } })

      assert.equal(key(options(one)), key(reversed(options(one)) as ImageRequest))
      assert.equal(key(options(one)) === key(options(another)), spelled(one) === spelled(another))
    }),
  )
})

test('a pass-through parameter that went to the disk equals nothing', () => {
  const spilled = { byteLength: 4, async *[Symbol.asyncIterator]() {} }
  const large = new JsonBlob('base64', [], undefined, undefined, { spilled })
  const asked = request({ providerOptions: { fal: { large } } })

  assert.notEqual(key(asked), key(asked))
})

function spelled(value: unknown): string {
  return JSON.stringify(reversed(reversed(value, true), true))
}

/** The same value with its keys backwards, or in order. */
function reversed(value: unknown, ordered = false): unknown {
  if (Array.isArray(value)) return value.map((item) => reversed(item, ordered))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, inner]) => [name, reversed(inner, ordered)] as const)
  return Object.fromEntries(ordered ? entries.toSorted(([a], [b]) => (a < b ? -1 : 1)) : entries.toReversed())
}
