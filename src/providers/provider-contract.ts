import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'

import type { Intake } from '../core/json-blob.ts'
import { brokenAnswerCases } from './broken-answers-contract.ts'
import { credentialCases } from './credential-contract.ts'
import { deadlineCases } from './deadline-contract.ts'
import type { Upstream } from './http.ts'
import { answer, callTo, playback, type Played, tcp } from './playback.ts'
import type { Provider } from './provider.ts'
import { bytesOf, type ContractFixtures, departures, failureOf, subjectOf, withPicture } from './test-fixtures.ts'
import { traitContract } from './trait-contract.ts'

/** What every adapter has to keep, whatever its provider speaks. Real sockets, no stand-ins for the HTTP client. */
export function providerContract(make: (upstream: Upstream) => Provider, fixtures: ContractFixtures): void {
  const subject = subjectOf(make, fixtures)
  const { bytes, goodPlay, paid, generate } = subject
  const { readBody = asJson, traits } = fixtures

  describe('the provider contract', { concurrency: 4 }, () => {
    test('one generate is one upstream call, and the picture is the provider’s to the byte', async () => {
      await using server = await playback(goodPlay)
      const encoded: Buffer[] = []
      const plain: Buffer[] = []

      const result = await generate(callTo(server.url, { intake: into(encoded), intakeBytes: into(plain) }))

      assert.ok(result.ok)
      assert.equal(result.value.images.length, 1)
      assert.equal(sha256(bytesOf(result.value.images[0]?.blob)), sha256(bytes))
      const watched = Buffer.concat([...plain, Buffer.from(Buffer.concat(encoded).toString('latin1'), 'base64')])
      assert.equal(sha256(watched), sha256(bytes))
      assert.equal(paid(server.requests).length, 1)
      assert.equal(server.requests[0]?.path, fixtures.path)
    })

    test('the departure is told once, before the first byte of the paid request', async () => {
      await using server = await playback(goodPlay)
      const left = departures()

      await generate(callTo(server.url, left))

      assert.equal(left.count(), 1)

      const order: string[] = []
      await using listener = await tcp((socket) => socket.once('data', () => order.push('first byte')))
      const departing = () => order.push('departing')
      await generate(callTo(listener.url, { departing, deadlineMs: 1_000 }), withPicture(24_000_000))

      assert.deepEqual(order, ['departing', 'first byte'])
    })

    test('what the caller left out is left out', async () => {
      await using server = await playback(goodPlay)

      await generate(callTo(server.url))

      const [sent] = server.requests
      assert.ok(sent !== undefined)
      assert.deepEqual(await readBody(sent), fixtures.smallestBody)
      assert.equal(
        server.requests[0]?.headers['content-length'],
        String(Buffer.byteLength(server.requests[0]?.body ?? '')),
      )
    })

    for (const { name, status = 200, body, expect, says } of fixtures.failures) {
      test(`${name}: ${expect.kind}, billed ${expect.billed}`, async () => {
        await using server = await playback(answer(status, JSON.stringify(body)))

        const result = await generate(callTo(server.url))

        const failure = failureOf(result)
        assert.deepEqual({ ...failure, ...expect }, failure)
        if (expect.retryAfterMs === undefined) assert.equal(failure.retryAfterMs, undefined)
        assert.ok(failure.message.includes(says), failure.message)
        assert.equal(failure.raw, JSON.stringify(body).slice(0, 4096))
        assert.equal(server.requests.length, 1)
      })
    }

    brokenAnswerCases(subject)
    deadlineCases(subject)
    credentialCases(subject)
  })

  if (traits !== undefined) traitContract(make, { ...fixtures, traits })
}

async function asJson({ body }: Played): Promise<unknown> {
  return JSON.parse(body)
}

/** An intake that collects. */
function into(parts: Buffer[]): () => Intake {
  return () => ({ write: (part: Buffer) => void parts.push(part), end: () => {}, abort: () => {} })
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
