import assert from 'node:assert/strict'

import { noise } from '../../src/assets/test-pictures.ts'
import type { DatabaseKind } from '../support/home.ts'
import { dataUrl } from '../support/pictures.ts'
import type { Simulator } from '../support/simulator.ts'
import { type BrokenWays, openBrokenWays } from './broken-ways.ts'
import { PICTURE } from './raw-answers.ts'
import { attemptsOf, type Books, type Bought, openScene, type ProviderName, type Scene } from './scene.ts'
import { type Case, CHARGE, type Row } from './table.ts'

/** `alone` and `once`: one provider, where it goes wrong every time or the first time. `withOther`: a second one that works. */
export type Setting = 'alone' | 'once' | 'withOther'

/** Going wrong once tells nothing new where the same provider is not asked again. */
export function settingsOf({ alone, once }: Row): readonly Setting[] {
  return alone.join() === once.join() ? ['alone', 'withOther'] : ['alone', 'once', 'withOther']
}

/** What can be charged for words and prompt beyond the picture's list price, when nobody reported it: 11 % here. */
const WORDS_PER_CENT = 15n

/** Buys one picture under one case of one row, and holds everything that came of it against the row. */
export async function carryOut(
  row: Row,
  given: Case,
  setting: Setting,
  simulator: Simulator,
  database: DatabaseKind = 'sqlite',
): Promise<{ readonly attempts: number; readonly ms: number }> {
  await using ways = given.way === undefined ? undefined : await openBrokenWays()
  await using scene = await openScene({
    simulator,
    database,
    providers: setting === 'withOther' ? ['google', 'openrouter'] : ['google'],
    environment: environmentOf(given, ways),
  })
  const { goodBefore = 0 } = given
  for (let count = 0; count < goodBefore; count += 1) assert.equal((await scene.buy()).status, 200)
  const before = await scene.books()
  if (given.mishap && setting === 'once') scene.roads.google.meet(given.mishap)
  else scene.roads.google.always(given.mishap)

  const bought = await scene.buy({
    body: given.heavy ? { input_references: [await heavyReference()] } : {},
    headers: given.deadlineS ? { 'x-plantain-deadline': String(given.deadlineS) } : {},
  })

  const books = difference(await scene.books(), before)
  const expected = expectedOf(row, given, setting, bought)
  assert.deepEqual(attemptsOf(bought), expected, 'attempts')
  checkAnswer(row, bought, expected)
  checkMoney(row, given, books, expected)
  if (given.way === undefined) checkPosts(scene, given, expected)
  return { attempts: expected.length, ms: Math.round(bought.ms) }
}

/** What took longer than this to fail is not asked again while somebody else is there. */
const PROMPT_MS = 1_000

function expectedOf(row: Row, { way }: Case, setting: Setting, { receipt }: Bought): readonly string[] {
  // A way that is broken stays broken.
  if (setting === 'once' && way !== undefined) return row.alone
  const isLate = (receipt?.attempts[0]?.ms ?? 0) > PROMPT_MS
  return setting === 'withOther' && isLate ? (row.withOtherLate ?? row.withOther) : row[setting]
}

function environmentOf({ way, twoKeys, heavy }: Case, ways: BrokenWays | undefined): Readonly<Record<string, string>> {
  return {
    ...(heavy && { PLANTAIN_REENCODE: 'off' }),
    ...(twoKeys && { GEMINI_API_KEY: 'the-first-key,the-second-key' }),
    ...(way !== undefined && ways !== undefined && { PLANTAIN_GOOGLE_BASE_URL: ways.url(way) }),
  }
}

function checkAnswer(row: Row, { status, error, headers, text, receipt }: Bought, expected: readonly string[]): void {
  if (expected.at(-1)?.endsWith(' ok')) {
    assert.equal(status, 200, text.slice(0, 300))
    assert.equal(receipt?.status, 'settled')
    return
  }
  assert.deepEqual([status, error?.code], [row.status, row.code], text.slice(0, 300))
  assert.deepEqual([receipt?.status, receipt?.charge_usd, receipt?.error?.code], ['voided', '0', row.code])
  assert.ok(error?.provider, 'the provider is named')
  if (status === 502) assert.equal(headers.get('x-should-retry'), 'false')
  if (status === 502) assert.ok(Number(headers.get('retry-after')) >= 60)
  if (status === 408) assert.equal(headers.get('x-should-retry'), 'false')
}

/** Charge, cost and loss of the row; and that they cover what the providers would have billed. */
function checkMoney(row: Row, given: Case, books: Books, expected: readonly string[]): void {
  const isServed = expected.at(-1)?.endsWith(' ok') ?? false
  // A reference is priced by its tokens, which the simulator counts as the catalogue does: compared below with the bill alone.
  if (!given.heavy) assert.equal(books.revenue, isServed ? CHARGE : 0n, 'the charge')
  assert.equal(books.revenue, books.providerCost, 'nothing is charged but the call that served')
  const failed = expected.filter((attempt) => !attempt.endsWith(' ok') && !attempt.endsWith('not_billed')).length
  const billedForNothing = books.billed - books.providerCost
  switch (row.loss) {
    case 'none':
      assert.deepEqual([books.loss, billedForNothing], [0n, 0n], 'nothing is lost')
      return
    case 'list':
      assert.equal(books.loss, PICTURE * BigInt(failed), 'a picture’s list price is lost')
      assert.equal(billedForNothing > 0n, given.isBilled ?? false, 'the simulator billed as the case says')
      assert.ok(billedForNothing <= (books.loss * (100n + WORDS_PER_CENT)) / 100n, 'what is booked covers the bill')
      return
    case 'reported':
      assert.equal(books.loss, billedForNothing, 'what was reported is lost, to the nano')
      assert.ok(books.loss > 0n)
      return
    case 'covered':
      assert.ok(books.loss >= billedForNothing && books.loss <= PICTURE, `${books.loss} for ${billedForNothing}`)
      assert.ok(billedForNothing > 0n)
      return
    default:
      row.loss satisfies never
  }
}

/** The provider saw the calls that the ledger knows of, and no other. */
function checkPosts({ roads }: Scene, given: Case, expected: readonly string[]): void {
  for (const name of ['google', 'openrouter'] as const satisfies readonly ProviderName[]) {
    const written = expected.filter((attempt) => attempt.startsWith(`${name} `)).length
    assert.equal(roads[name].posts(), written + (name === 'google' ? (given.goodBefore ?? 0) : 0), `calls at ${name}`)
  }
}

function difference(after: Books, before: Books): Books {
  return {
    revenue: after.revenue - before.revenue,
    providerCost: after.providerCost - before.providerCost,
    loss: after.loss - before.loss,
    billed: after.billed - before.billed,
  }
}

let reference: Promise<object> | undefined

/** A picture of 8 MB in base64: more than two sockets hold when nobody reads. */
function heavyReference(): Promise<object> {
  reference ??= noise('png', 1_400, 1_400).then((bytes) => ({
    type: 'image_url',
    image_url: { url: dataUrl(bytes, 'image/png') },
  }))
  return reference
}
