import assert from 'node:assert/strict'
import { test } from 'node:test'

import { randomText } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import type { AttemptState } from '../core/receipt.ts'
import type { Database } from '../db/database.ts'
import { eachEngine } from '../db/test-database.ts'
import type { BookedAttempt, BookedGeneration } from './provider-books.ts'
import { readBooks } from './provider-books.ts'
import { type BilledCall, type ProviderBill, reconcile } from './reconcile.ts'
import { dice, seeds, SUNDAY, testBook } from './test-ledger.ts'

const MODEL = 'picasso'

test('a bill that was booked call by call has no differences', () => {
  const books = [
    booked('gen-1', [['ok', 'up-1']], { cost: 30n, pictures: ['p1'] }),
    booked('gen-2', [['not_billed'], ['ok']], { cost: 31n, pictures: ['p2'] }),
    booked('gen-3', [['billed_no_output'], ['ok']], { cost: 32n, loss: 7n, pictures: ['p3'] }),
    booked('gen-4', [['unknown']], { loss: 40n }),
    booked('gen-5', [['not_billed']], {}),
  ]
  const bill = billOf([
    { billed: 40n },
    { billed: 0n },
    { billed: 7n },
    { billed: 30n, upstreamId: 'up-1' },
    { billed: 31n, pictures: ['p2'] },
    { billed: 0n },
    { billed: 32n, pictures: ['p3'] },
  ])

  assert.deepEqual(reconcile(bill, { generations: books }), { billed: 140n, booked: 140n, differences: [] })
})

/** What may be wrong between a bill and the books, and how it is told. */
const DIFFERENCES: readonly {
  readonly wrong: string
  readonly bill: ProviderBill
  readonly books: readonly BookedGeneration[]
  readonly told: readonly (readonly [subject: string, billed: bigint, booked: bigint])[]
}[] = [
  {
    wrong: 'a cost that was booked a nano too low',
    bill: billOf([{ billed: 30n, upstreamId: 'up-1' }]),
    books: [booked('gen-1', [['ok', 'up-1']], { cost: 29n })],
    told: [['gen-1/1 ok (up-1)', 30n, 29n]],
  },
  {
    wrong: 'a call that nobody has made',
    bill: billOf([{ billed: 30n, pictures: ['p1'] }, { billed: 30n }]),
    books: [booked('gen-1', [['ok']], { cost: 30n, pictures: ['p1'] })],
    told: [[`call 2 of painter/${MODEL}, which nobody has made`, 30n, 0n]],
  },
  {
    wrong: 'a call of another model than any that was made',
    bill: billOf([{ billed: 30n, model: 'other' }]),
    books: [booked('gen-1', [['unknown']], { loss: 30n })],
    told: [
      ['gen-1/1 unknown', 0n, 30n],
      ['call 1 of painter/other, which nobody has made', 30n, 0n],
    ],
  },
  {
    wrong: 'a call that was to cost nothing and was billed',
    bill: billOf([{ billed: 30n, upstreamId: 'up-1' }]),
    books: [booked('gen-1', [['not_billed', 'up-1']], {})],
    told: [['gen-1/1 not_billed (up-1)', 30n, 0n]],
  },
  {
    wrong: 'a loss for a call that the provider never took',
    bill: billOf([{ billed: 0n, upstreamId: 'up-1' }]),
    books: [booked('gen-1', [['unknown', 'up-1']], { loss: 30n })],
    told: [['gen-1/1 unknown (up-1)', 0n, 30n]],
  },
  {
    wrong: 'a retry that was booked as part of nothing',
    bill: billOf([
      { billed: 7n, upstreamId: 'up-1' },
      { billed: 30n, upstreamId: 'up-2' },
    ]),
    books: [
      booked(
        'gen-1',
        [
          ['billed_no_output', 'up-1'],
          ['ok', 'up-2'],
        ],
        { cost: 30n },
      ),
    ],
    told: [['gen-1/1 billed_no_output (up-1)', 7n, 0n]],
  },
  {
    wrong: 'one of two good calls of a generation',
    bill: billOf([
      { billed: 30n, pictures: ['p1'] },
      { billed: 30n, pictures: ['p2'] },
    ]),
    books: [booked('gen-1', [['ok'], ['ok']], { cost: 30n, pictures: ['p1', 'p2'] })],
    told: [['gen-1/1 ok, gen-1/2 ok', 60n, 30n]],
  },
  {
    wrong: 'a generation that was booked without any call',
    bill: billOf([]),
    books: [booked('gen-1', [], { cost: 30n })],
    told: [['gen-1', 0n, 30n]],
  },
  {
    wrong: 'calls that the bill has forgotten',
    bill: { ...billOf([{ billed: 30n, pictures: ['p1'] }]), calls: 3, billed_nanos: '90' },
    books: [booked('gen-1', [['ok']], { cost: 30n, pictures: ['p1'] })],
    told: [['2 calls that are not listed any more', 60n, 0n]],
  },
  {
    wrong: 'two costs that were booked for each other, by the ids of the calls',
    bill: billOf([
      { billed: 40n, upstreamId: 'up-1' },
      { billed: 30n, upstreamId: 'up-2' },
    ]),
    books: [booked('gen-1', [['ok', 'up-1']], { cost: 30n }), booked('gen-2', [['ok', 'up-2']], { cost: 40n })],
    told: [
      ['gen-1/1 ok (up-1)', 40n, 30n],
      ['gen-2/1 ok (up-2)', 30n, 40n],
    ],
  },
  {
    wrong: 'two costs that were booked for each other, by the pictures that came',
    bill: billOf([
      { billed: 40n, pictures: ['p1'] },
      { billed: 30n, pictures: ['p2'] },
    ]),
    books: [
      booked('gen-1', [['ok']], { cost: 30n, pictures: ['p1'] }),
      booked('gen-2', [['ok']], { cost: 40n, pictures: ['p2'] }),
    ],
    told: [
      ['gen-1/1 ok', 40n, 30n],
      ['gen-2/1 ok', 30n, 40n],
    ],
  },
]

for (const { wrong, bill, books, told } of DIFFERENCES) {
  test(`A9 tells ${wrong}`, () => {
    const { differences } = reconcile(bill, { generations: books })

    assert.deepEqual(
      differences.map(({ check, subject, billed, booked: own }) => [check, subject, billed, own]),
      told.map((each) => ['A9', ...each]),
    )
    for (const { message } of differences) assert.match(message, /: found 0[.\d]* billed, 0[.\d]* booked$/)
  })
}

for (const seed of seeds(30)) {
  test(`whatever order a bill comes in, differences add up to the difference of the sums (PLANTAIN_SEED=${seed})`, () => {
    const { roll, take } = dice(seed)
    const generations = Array.from({ length: 40 }, (_, index) => {
      const states = Array.from({ length: 1 + roll(3) }, () => STATES[roll(STATES.length)] ?? 'ok')
      const of = (kinds: readonly AttemptState[]) =>
        BigInt(states.filter((state) => kinds.includes(state)).length) * 30n
      const pictures = states.flatMap((state, n) => (state === 'ok' ? [`p${index}.${n}`] : []))
      const cost = { cost: of(['ok']), loss: of(['unknown', 'billed_no_output']), pictures }
      return {
        states,
        index,
        generation: booked(
          `gen-${index}`,
          states.map((state) => [state]),
          cost,
        ),
      }
    })
    const made = generations.flatMap(({ states, index }) =>
      states.map((state, n) => ({
        billed: state === 'not_billed' ? 0n : 30n,
        ...(state === 'ok' && { pictures: [`p${index}.${n}`] }),
      })),
    )
    const shuffled = Array.from({ length: made.length }, () => take(made))
    const books = { generations: generations.map(({ generation }) => generation) }

    const honest = reconcile(billOf(shuffled), books)
    const billed = shuffled.map((call) => ({ ...call, billed: call.billed + BigInt(roll(2)) }))
    const wrong = reconcile(billOf(billed), books)

    assert.deepEqual(honest.differences, [])
    const sumOf = (of: 'billed' | 'booked') => wrong.differences.reduce((sum, each) => sum + each[of], 0n)
    assert.equal(sumOf('billed') - sumOf('booked'), wrong.billed - wrong.booked)
  })
}

eachEngine((_engine, open) => {
  test('the books of a mode are its generations with what the ledger booked for them, late bills too', async () => {
    const database = await open()
    const [book, other] = [await testBook(database, { mode: 'live' }), await testBook(database, { balance: 1000n })]
    await book.hold('gen-1', 100n)
    await book.settle('gen-1', 40n, { providerCost: 30n, loss: 2n })
    await book.hold('gen-2', 100n)
    await book.void('gen-2', { loss: 7n })
    await other.hold('gen-test', 100n)
    await other.settle('gen-test', 40n, { providerCost: 99n })
    await insertGenerations(database, book, ['gen-1', 'gen-2'], 'live')
    await insertGenerations(database, other, ['gen-test'], 'test')
    await insertAttempt(database, 'gen-1', 1, 'billed_no_output')
    await insertAttempt(database, 'gen-1', 2, 'ok', 'up-2')
    await database.transaction((trx) =>
      book.ledger.book(trx, {
        workspaceId: book.workspaceId,
        mode: 'live',
        generationId: 'gen-2',
        providerCost: 0n as Nanos,
        loss: 5n as Nanos,
        idempotencyKey: 'late',
        at: SUNDAY,
      }),
    )

    const { generations } = await readBooks(database)

    const attempt = { generation_id: 'gen-1', provider: 'painter', model: MODEL }
    assert.deepEqual(generations, [
      {
        id: 'gen-1',
        providerCost: 30n,
        loss: 2n,
        attempts: [
          { ...attempt, n: 1, upstream_id: null, state: 'billed_no_output' },
          { ...attempt, n: 2, upstream_id: 'up-2', state: 'ok' },
        ],
        pictures: [],
      },
      { id: 'gen-2', providerCost: 0n, loss: 12n, attempts: [], pictures: [] },
    ])
    assert.deepEqual(
      (await readBooks(database, 'test')).generations.map(({ id, providerCost }) => [id, providerCost]),
      [['gen-test', 99n]],
    )
  })
})

const STATES: readonly AttemptState[] = ['ok', 'not_billed', 'billed_no_output', 'unknown']

function billOf(
  calls: readonly {
    readonly billed: bigint
    readonly model?: string
    readonly upstreamId?: string
    readonly pictures?: readonly string[]
  }[],
): ProviderBill {
  const recent = calls.map(({ billed, model = MODEL, upstreamId, pictures }, index): BilledCall => ({
    n: index + 1,
    simulator: 'painter',
    model,
    billed_nanos: String(billed),
    ...(upstreamId !== undefined && { upstream_id: upstreamId }),
    ...(pictures && { pictures }),
  }))
  const total = calls.reduce((sum, { billed }) => sum + billed, 0n)
  return { calls: calls.length, billed_nanos: String(total), recent }
}

function booked(
  id: string,
  attempts: readonly (readonly [AttemptState, string?])[],
  { cost = 0n, loss = 0n, pictures = [] }: { cost?: bigint; loss?: bigint; pictures?: readonly string[] },
): BookedGeneration {
  return {
    id,
    providerCost: cost as Nanos,
    loss: loss as Nanos,
    attempts: attempts.map(([state, upstreamId], index): BookedAttempt => ({
      n: index + 1,
      provider: 'painter',
      model: MODEL,
      upstream_id: upstreamId ?? null,
      state,
    })),
    pictures,
  }
}

async function insertGenerations(
  { db }: Database,
  { workspaceId, keyHash }: { readonly workspaceId: string; readonly keyHash: string },
  ids: readonly string[],
  mode: 'live' | 'test',
): Promise<void> {
  const facts = { surface: '', model_requested: '', model_served: '', caller: '{}', terms: '{}', owner: '' }
  const numbers = { lease_until: 0, deadline_at: 0, streamed: 0, references_count: 0, cancel_asked: 0 }
  const tenant = { workspace_id: workspaceId, mode, key_hash: keyHash, status: 'settled' } as const
  const rows = ids.map((id) => ({ id, ...tenant, ...facts, ...numbers, created_at: SUNDAY }))
  await db.insertInto('generations').values(rows).execute()
}

async function insertAttempt(
  { db }: Database,
  generationId: string,
  n: number,
  state: AttemptState,
  upstreamId?: string,
): Promise<void> {
  await db
    .insertInto('attempts')
    .values({
      id: `att-${randomText(8)}`,
      generation_id: generationId,
      n,
      provider: 'painter',
      model: MODEL,
      credential: 0,
      why: 'first',
      state,
      upstream_id: upstreamId ?? null,
      sent_at: SUNDAY + n,
    })
    .execute()
}
