import type { Mishap } from '../support/road.ts'
import { answered, bytes, edge } from './raw-answers.ts'

/** One way to get into a row: what happens on the road, or what the road itself is like. */
export interface Case {
  readonly name: string
  readonly mishap?: Mishap
  /** Instead of the road: nobody is there, the name is unknown, connections or TLS never come about. */
  readonly way?: 'refused' | 'unknown name' | 'no TLS' | 'no connection'
  /** The request carries a reference of so many bytes, more than sockets hold. */
  readonly heavy?: true
  /** A second credential is configured. */
  readonly twoKeys?: true
  /** So many calls went well before, one after the other over the same socket. */
  readonly goodBefore?: number
  /** The provider charges for it after all; what is booked has to cover that. */
  readonly isBilled?: true
  readonly deadlineS?: number
  /** Too slow for the short form. */
  readonly slow?: true
}

/** States of the attempts, as in the ledger: at the provider where it goes wrong, and at the one to fall back to. */
interface Ends {
  /** Where it goes wrong every time and nobody else can be asked. */
  readonly alone: readonly string[]
  /** Where it goes wrong once and nobody else can be asked: what `Same` says. */
  readonly once: readonly string[]
  /** Where it goes wrong every time and another provider makes it: what `Other` says. */
  readonly withOther: readonly string[]
  /** The same where the first failure took more than a second to come: then nobody waits for it twice while somebody else is there. */
  readonly withOtherLate?: readonly string[]
}

export interface Row extends Ends {
  /** The condition, in the words of §3. */
  readonly condition: string
  /** HTTP status and our code of what the caller sees when nothing helps. */
  readonly status: number
  readonly code: string
  /**
   * What the operator books per attempt at the failing provider. `list`: what a picture lists for, as nothing was reported. `reported`:
   * what the provider itself counted. `covered`: no less than that, and no more than a picture.
   */
  readonly loss: 'none' | 'list' | 'reported' | 'covered'
  readonly cases: readonly Case[]
}

const NB = 'google not_billed'
const UNKNOWN = 'google unknown'
const BILLED = 'google billed_no_output'
const OTHER = 'openrouter ok'
const GOOD = 'google ok'

/** Same: once. Other: yes. */
const SAME_ONCE = {
  alone: [NB, NB],
  once: [NB, GOOD],
  withOther: [NB, NB, OTHER],
  withOtherLate: [NB, OTHER],
  loss: 'none',
} as const
/** Same: no. Other: yes, from the ambiguous budget. */
const AMBIGUOUS = { alone: [UNKNOWN], once: [UNKNOWN], withOther: [UNKNOWN, OTHER], loss: 'list' } as const
/** Same: no. Other: once, from the ambiguous budget. */
const UNUSABLE = { alone: [BILLED], once: [BILLED], withOther: [BILLED, OTHER] } as const
/** Same: no. Other: no. */
const FINAL = { alone: [NB], once: [NB], withOther: [NB], loss: 'none' } as const

const UPSTREAM = { status: 502, code: 'upstream_failed' } as const
const REFUSED = { status: 400, code: 'content_refused' } as const

/** The table of reliability.md §3, written down by hand: what the caller's gateway has to do, whatever its own policy says. */
export const TABLE: readonly Row[] = [
  {
    condition: 'DNS failure, refused, connect or TLS timeout',
    ...SAME_ONCE,
    ...UPSTREAM,
    cases: [
      { name: 'refused', way: 'refused' },
      { name: 'DNS failure', way: 'unknown name' },
    ],
  },
  {
    condition: 'DNS failure, refused, connect or TLS timeout, after five seconds',
    alone: [NB, NB],
    once: [NB, NB],
    withOther: [NB, OTHER],
    loss: 'none',
    ...UPSTREAM,
    cases: [
      { name: 'connect timeout', way: 'no connection' },
      { name: 'TLS timeout', way: 'no TLS', slow: true },
    ],
  },
  {
    condition: 'Request not fully written, then reset',
    ...SAME_ONCE,
    ...UPSTREAM,
    cases: [
      { name: 'in the middle of the body', heavy: true, mishap: { reset: 'body', bytes: 100_000 } },
      { name: 'after the first line of it', heavy: true, mishap: { reset: 'body', bytes: 0 }, slow: true },
    ],
  },
  {
    condition: '429, its Retry-After short',
    alone: [NB, NB],
    once: [NB, GOOD],
    withOther: [NB, NB, OTHER],
    loss: 'none',
    status: 429,
    code: 'rate_limited',
    cases: [{ name: 'a second', mishap: { fault: 'status=429,retry-after=1' } }],
  },
  {
    condition: '429, its Retry-After long',
    alone: [NB],
    once: [NB],
    withOther: [NB, OTHER],
    loss: 'none',
    status: 429,
    code: 'rate_limited',
    cases: [
      { name: 'half a minute', mishap: { fault: 'status=429,retry-after=30' } },
      {
        name: 'none, from an edge',
        mishap: answered('HTTP/1.1 429 Too Many Requests', '<h1>429</h1>', 0n, 'content-type: text/html'),
        slow: true,
      },
    ],
  },
  {
    condition: "503 with the provider's own error body",
    ...SAME_ONCE,
    ...UPSTREAM,
    cases: [{ name: '503', mishap: { fault: 'status=503' } }],
  },
  {
    condition: "500 with the provider's own error body",
    ...AMBIGUOUS,
    ...UPSTREAM,
    cases: [
      { name: '500', mishap: { fault: 'status=500' } },
      { name: '500 that is billed', mishap: { fault: 'status=500,billed=yes' }, isBilled: true },
    ],
  },
  {
    condition: '502, 504, 52x from an edge',
    ...AMBIGUOUS,
    ...UPSTREAM,
    cases: [502, 504, 520, 522, 524, 530, 503].map((status, index) => ({
      name: String(status),
      mishap: edge(status),
      ...(index > 2 && { slow: true as const }),
    })),
  },
  {
    condition: 'Reset or end of stream after the request was written, no response',
    ...AMBIGUOUS,
    ...UPSTREAM,
    cases: [
      { name: 'reset', mishap: { fault: 'reset=after-request' } },
      { name: 'reset, and billed', mishap: bytes('', 'reset'), isBilled: true },
      { name: 'end of stream', mishap: bytes('', 'end', 0n) },
      { name: 'reset on a socket that had served a call', mishap: bytes('', 'reset', 0n), goodBefore: 1 },
    ],
  },
  {
    condition: 'Truncated body: nothing was reported',
    ...UNUSABLE,
    loss: 'list',
    ...UPSTREAM,
    cases: [
      { name: 'truncated at the beginning', mishap: { fault: 'truncate=300' }, isBilled: true },
      { name: 'truncated in the picture', mishap: { fault: 'truncate=100000' }, isBilled: true },
      { name: 'ended early, well framed', mishap: { fault: 'cut=100000' }, isBilled: true },
      { name: 'reset in the picture', mishap: { fault: 'reset=mid-body' }, isBilled: true },
      { name: 'invalid JSON', mishap: { fault: 'invalid-json' }, isBilled: true },
      { name: 'a page of HTML', mishap: { fault: 'html' } },
    ],
  },
  {
    condition: 'Invalid base64, wrong type: its usage was reported',
    ...UNUSABLE,
    loss: 'reported',
    ...UPSTREAM,
    cases: [
      { name: 'an illegal character', mishap: { fault: 'bad-base64' }, isBilled: true },
      { name: 'a cut quantum', mishap: { fault: 'bad-base64=quantum' }, isBilled: true },
      { name: 'bytes of no picture', mishap: { fault: 'not-an-image' }, isBilled: true },
      { name: 'a picture that breaks off', mishap: { fault: 'corrupt-image' }, isBilled: true },
    ],
  },
  {
    // Words alone were counted. Nobody says that they are words, so the operator books them as if they were a picture's.
    condition: 'Zero images',
    ...UNUSABLE,
    loss: 'covered',
    ...UPSTREAM,
    cases: [
      { name: 'no parts', mishap: { fault: 'no-image=parts-empty' }, isBilled: true },
      { name: 'no content', mishap: { fault: 'no-image=content-missing' }, isBilled: true, slow: true },
      { name: 'no candidates', mishap: { fault: 'no-image=candidates-empty' }, isBilled: true, slow: true },
    ],
  },
  {
    condition: 'Slow drip',
    ...UNUSABLE,
    loss: 'list',
    ...UPSTREAM,
    cases: [{ name: 'a byte a second', mishap: { fault: 'drip=1' }, isBilled: true, slow: true }],
  },
  {
    condition: '200 safety block of the prompt, which is not billed',
    ...FINAL,
    ...REFUSED,
    cases: [
      { name: 'promptFeedback SAFETY', mishap: { fault: 'refusal=promptFeedback:SAFETY,billed=no' } },
      { name: 'BLOCKLIST', mishap: { fault: 'refusal=promptFeedback:BLOCKLIST,billed=no' }, slow: true },
    ],
  },
  {
    condition: '200 safety block of the picture',
    alone: [UNKNOWN],
    once: [UNKNOWN],
    withOther: [UNKNOWN],
    loss: 'reported',
    ...REFUSED,
    cases: [
      { name: 'IMAGE_SAFETY', mishap: { fault: 'refusal=finish:IMAGE_SAFETY' }, isBilled: true },
      { name: 'RECITATION', mishap: { fault: 'refusal=finish:RECITATION' }, isBilled: true, slow: true },
    ],
  },
  {
    condition: '400, 413, 415, 422',
    ...FINAL,
    status: 400,
    code: 'provider_rejected',
    cases: [400, 413, 415, 422].map((status) => ({ name: String(status), mishap: { fault: `status=${status}` } })),
  },
  {
    condition: '404: the model, which the other route knows',
    alone: [NB],
    once: [NB],
    withOther: [NB, OTHER],
    loss: 'none',
    ...UPSTREAM,
    cases: [{ name: '404', mishap: { fault: 'status=404' } }],
  },
  {
    condition: '401, 402, 403 from upstream, no other credential',
    alone: [NB],
    once: [NB],
    withOther: [NB, OTHER],
    loss: 'none',
    status: 502,
    code: 'provider_unconfigured',
    cases: [401, 402, 403].map((status) => ({ name: String(status), mishap: { fault: `status=${status}` } })),
  },
  {
    condition: '401, 402, 403 from upstream, another credential',
    alone: [NB, NB],
    once: [NB, GOOD],
    withOther: [NB, NB, OTHER],
    loss: 'none',
    status: 502,
    code: 'provider_unconfigured',
    cases: [{ name: '403', mishap: { fault: 'status=403' }, twoKeys: true }],
  },
  {
    condition: 'Our deadline passed',
    alone: [UNKNOWN],
    once: [UNKNOWN],
    withOther: [UNKNOWN],
    loss: 'list',
    status: 408,
    code: 'timeout',
    cases: [{ name: 'a hang', mishap: { fault: 'hang' }, isBilled: true, deadlineS: 10, slow: true }],
  },
]

/** Good calls after which a model's times are known. */
const ENOUGH = 10

/** The one row that takes a minute: no status line within the header limit, which the good calls before it have set. */
export const HEADER_TIMEOUT: Row = {
  condition: 'Header timeout or hang',
  ...AMBIGUOUS,
  status: 408,
  code: 'timeout',
  cases: [{ name: 'a hang', mishap: { fault: 'hang' }, isBilled: true, goodBefore: ENOUGH, slow: true }],
}

/** What a picture of the model bought from either provider costs the caller of these tests, words and prompt in it. */
export const CHARGE = 37_206_000n
