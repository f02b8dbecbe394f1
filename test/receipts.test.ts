import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import type { BillReport } from '../src/sandbox/bill.ts'
import type { Receipt } from '../src/core/receipt.ts'
import { audit } from '../src/ledger/auditor.ts'
import { startGateway, type TestGatewayHere } from './support/gateway.ts'
import { DATABASES, type DatabaseKind } from './support/home.ts'
import { dataUrl, fromDataUrl, look, photograph, sha256 } from './support/pictures.ts'
import { receiptOf } from './support/receipts.ts'
import { type Line, PROMPT, type Row, ROWS } from './support/receipts-by-hand.ts'
import { type Simulator, startSimulator } from './support/simulator.ts'

for (const database of DATABASES) describe(`receipts on ${database}`, () => receipts(database))

function receipts(database: DatabaseKind): void {
  let simulator: Simulator
  let gateway: TestGatewayHere
  let references: readonly Buffer[]
  let charged = 0n
  let billed = 0n

  before(async () => {
    simulator = await startSimulator('refuse')
    gateway = await startGateway({
      database,
      environment: { GEMINI_API_KEY: 'AIza-of-the-operator', PLANTAIN_GOOGLE_BASE_URL: simulator.google },
    })
    references = [await photograph('jpeg', 400, 400), await photograph('png', 300, 300, 2)]
  })

  after(async () => {
    await gateway.stop()
    await simulator.stop()
  })

  for (const row of ROWS) {
    const { model, tier = 'no tier', references: pictures = 0, n = 1, charge } = row
    test(`${model}, ${tier}, ${pictures} references, n = ${n}: ${charge} USD`, async () => {
      await simulator.reset()

      const delivered = row.warned ? await throughChat(row) : await throughImages(row)

      const receipt = await receiptOf(gateway, gateway.keys.live, delivered.id)
      const bill = await simulator.bill()
      assert.deepEqual(
        receipt.lines.map((line): Line => [line.billable, line.quantity, line.unit_price_usd, line.usd]),
        row.lines,
      )
      assert.deepEqual([receipt.charge_usd, receipt.hold_usd, receipt.status], [charge, row.hold, 'settled'])
      assert.equal(delivered.cost, Number(charge))
      assert.equal(receipt.provider_cost_usd, charge)
      assert.equal(nanos(charge), BigInt(bill.billed_nanos))
      assert.deepEqual(
        receipt.warnings.map(({ code }) => code),
        row.warned ?? [],
      )
      await checkPictures(delivered.pictures, receipt, bill, row)
      charged += nanos(charge)
      billed += BigInt(bill.billed_nanos)
    })
  }

  test('afterwards the ledger is sound: revenue is what was charged, nothing is held or left over', async () => {
    const rows = await gateway.database.db.selectFrom('balances').selectAll().execute()
    const live = Object.fromEntries(
      rows.flatMap(({ account, balance_nanos: balance }) => {
        const [, name] = /:live:(\w+)$/.exec(account) ?? []
        return name === undefined ? [] : [[name, balance]]
      }),
    )
    const wanted = {
      // No row of `available`: what a metered hold needs passes through it.
      held: 0n,
      revenue: charged,
      provider_cost: billed,
      provider_payable: -billed,
      operator_funds: -charged,
    }

    assert.ok(charged > 0n)
    assert.deepEqual(live, wanted)
    assert.deepEqual(await audit(gateway.database), [])
  })

  /** The caller's bytes, the provider's bytes and the receipt's say are one. */
  async function checkPictures(
    pictures: readonly Buffer[],
    receipt: Receipt,
    bill: BillReport,
    { n = 1, side }: Row,
  ): Promise<void> {
    const looks = await Promise.all(pictures.map(look))
    assert.deepEqual(
      looks.map(({ format, width, height }) => [format, width, height]),
      Array.from({ length: n }, () => ['jpeg', side, side]),
    )
    const hashes = pictures.map(sha256)
    assert.equal(bill.calls, n)
    assert.deepEqual(bill.recent.flatMap((call) => call.pictures ?? []).toSorted(), hashes.toSorted())
    assert.deepEqual(
      receipt.images.map((image) => [image.sha256, image.bytes, image.width, image.height, image.media_type]),
      pictures.map((bytes, index) => [hashes[index], bytes.length, side, side, 'image/jpeg']),
    )
  }

  interface DeliveredPictures {
    readonly id: string
    readonly cost: number
    readonly pictures: readonly Buffer[]
  }

  async function throughImages({ model, tier, references: count, n }: Row): Promise<DeliveredPictures> {
    const answer = (await post('/api/v1/images', {
      model,
      prompt: PROMPT,
      n,
      resolution: tier,
      input_references: urls(count).map((url) => ({ type: 'image_url', image_url: { url } })),
    })) as { id: string; data: { b64_json: string }[]; usage: { cost: number } }
    const pictures = answer.data.map(({ b64_json: base64 }) => Buffer.from(base64, 'base64'))
    return { id: answer.id, cost: answer.usage.cost, pictures }
  }

  async function throughChat({ model, tier, references: count, n }: Row): Promise<DeliveredPictures> {
    const answer = (await post('/api/v1/chat/completions', {
      model,
      n,
      image_config: { image_size: tier },
      modalities: ['image', 'text'],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: PROMPT },
            ...urls(count).map((url) => ({ type: 'image_url', image_url: { url } })),
          ],
        },
      ],
    })) as {
      id: string
      choices: [{ message: { images: { image_url: { url: string } }[] } }]
      usage: { cost: number }
    }
    const pictures = answer.choices[0].message.images.map(({ image_url: { url } }) => fromDataUrl(url))
    return { id: answer.id, cost: answer.usage.cost, pictures }
  }

  function urls(count = 0): readonly string[] {
    return references.slice(0, count).map((bytes, index) => dataUrl(bytes, index === 0 ? 'image/jpeg' : 'image/png'))
  }

  async function post(path: string, body: object): Promise<unknown> {
    const response = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.keys.live}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer: unknown = await response.json()
    assert.equal(response.status, 200, JSON.stringify(answer).slice(0, 500))
    return answer
  }
}

/** `0.0336` as 33600000. */
function nanos(dollars: string): bigint {
  const [whole = '', fraction = ''] = dollars.split('.')
  return BigInt(whole + fraction.padEnd(9, '0'))
}
