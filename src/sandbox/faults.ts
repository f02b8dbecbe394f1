/**
 * Everything that can be made to go wrong, asked for inside the prompt, `[[fault:status=503,retry-after=2]]`, or by the header
 * `x-sandbox-fault: status=503, retry-after=2`. Several may be named; a fault that does not exist is a 400. docs are written from here.
 * `billed` says what the bill counts: `picture` the whole answer as if it had arrived, `usage` what its usageMetadata says, `no` nothing.
 */
export const FAULTS = {
  times: {
    takes: 'number',
    billed: 'as usual',
    means: 'Only the first N calls with this model and text meet the faults.',
  },
  billed: { takes: ['yes', 'no'], billed: 'as said', means: 'Overrides what the bill counts for this call.' },

  delay: { takes: 'number', billed: 'picture', means: 'Milliseconds until the answer begins.' },
  'slow-first-byte': {
    takes: 'number',
    billed: 'picture',
    means: 'Status and headers at once, then so many milliseconds of silence.',
  },
  hang: {
    takes: 'nothing',
    billed: 'picture',
    means: 'The answer never begins; where there is a queue, the job never ends.',
  },
  queue: { takes: 'number', billed: 'picture', means: 'Milliseconds in the queue. Providers with a queue only.' },
  'run-status': {
    takes: 'number',
    billed: 'no',
    means: 'The job is taken and ends with this HTTP status. Providers with a queue only.',
  },
  'delivery-gone': {
    takes: 'number',
    billed: 'picture',
    means:
      'The first so many downloads of each picture are answered 404. Providers that hand pictures over by address only.',
  },
  drip: { takes: 'number', billed: 'picture', means: 'The body comes at so many bytes a second.' },
  truncate: {
    takes: 'number',
    billed: 'picture',
    means: 'content-length tells the whole size, the connection closes after so many bytes.',
  },
  cut: { takes: 'number', billed: 'picture', means: 'The body ends, correctly framed, after so many bytes.' },
  reset: {
    takes: ['accept', 'mid-request', 'after-request', 'mid-body'],
    billed: 'picture for mid-body, else no',
    means:
      'TCP reset: on the request line, in the middle of the request (both by header only), after the request, in the middle of the answer.',
  },

  status: {
    takes: 'number',
    billed: 'no',
    means: 'This HTTP status with the error body that the provider sends with it.',
  },
  'retry-after': {
    takes: 'number',
    billed: 'no',
    means: 'Seconds in a Retry-After header, and in the RetryInfo of a 429.',
  },
  redirect: { takes: 'text', billed: 'no', means: '302 to this URL.' },
  html: { takes: 'nothing', billed: 'no', means: '200 with a page of HTML.' },
  'invalid-json': { takes: 'nothing', billed: 'picture', means: '200 with a complete body that is not JSON.' },
  'content-type': { takes: 'text', billed: 'picture', means: 'The right answer under another content type.' },
  'stream-error': {
    takes: 'number',
    billed: 'no',
    means: 'Streams only: an error event of this status after the first event.',
  },

  refusal: {
    takes: 'text',
    billed: 'usage',
    means:
      '200 without a picture: promptFeedback:SAFETY (or another block reason), finish:IMAGE_SAFETY (or another finish reason), stop-text-only.',
  },
  'no-image': {
    takes: [
      'parts-null',
      'parts-empty',
      'parts-missing',
      'content-empty',
      'content-missing',
      'candidates-empty',
      'candidates-missing',
      'images-empty',
      'images-missing',
    ],
    billed: 'usage',
    means: '200 with STOP, and the picture is missing in this way.',
  },
  drafts: {
    takes: 'number',
    billed: 'picture',
    means: 'So many picture parts without thought flags; the last is the final one; each is counted.',
  },
  'thought-image': {
    takes: ['before', 'only'],
    billed: 'picture',
    means: 'A picture flagged as a thought before the final one, or the final one itself flagged.',
  },

  'wrong-size': { takes: 'nothing', billed: 'picture', means: 'Half the pixels that were asked for, on each side.' },
  'wrong-mime': { takes: 'nothing', billed: 'picture', means: 'A PNG labelled image/jpeg or the reverse.' },
  'corrupt-image': {
    takes: 'nothing',
    billed: 'picture',
    means: 'Good base64 of a picture that breaks off after two thirds.',
  },
  'not-an-image': { takes: 'nothing', billed: 'picture', means: 'Good base64 of bytes that are no picture.' },
  'bad-base64': {
    takes: ['character', 'quantum'],
    billed: 'picture',
    means: 'An illegal character in the middle (when no value is given), or one character short at the end.',
  },
  'urlsafe-base64': { takes: 'nothing', billed: 'picture', means: 'The URL alphabet: - and _.' },
  'unpadded-base64': {
    takes: 'nothing',
    billed: 'picture',
    means: 'No = at the end, on a picture whose length needs it.',
  },
  'wrapped-base64': { takes: 'nothing', billed: 'picture', means: 'Line breaks every 76 characters.' },
  oversize: {
    takes: 'number',
    billed: 'picture',
    means: 'A picture of so many megabytes: the usual one and filler behind its end.',
  },

  'no-usage': { takes: 'nothing', billed: 'picture', means: 'No usageMetadata.' },
  'no-details': { takes: 'nothing', billed: 'picture', means: 'usageMetadata without counts by modality.' },
} as const satisfies Record<string, Fault>

interface Fault {
  readonly takes: 'nothing' | 'number' | 'text' | readonly string[]
  readonly billed: string
  readonly means: string
}

export type FaultName = keyof typeof FAULTS

/** The faults of one call, by name; a fault without a value has an empty one. */
export type Faults = Readonly<Partial<Record<FaultName, string>>>

const DIRECTIVE = /\[\[fault:([^\]]*)\]\]/gu

/** Reads what header and text ask for; as a string, why it cannot be done. */
export function readFaults(header: string | undefined, text: string): Faults | string {
  const lists = [
    ...(header === undefined ? [] : [header]),
    ...[...text.matchAll(DIRECTIVE)].map(([, list = '']) => list),
  ]
  const faults: Partial<Record<FaultName, string>> = {}
  for (const item of lists
    .flatMap((list) => list.split(','))
    .map((entry) => entry.trim())
    .filter(Boolean)) {
    const [name = '', ...rest] = item.split('=')
    const value = rest.join('=').trim()
    if (!isFaultName(name)) return `There is no fault "${name}". There are: ${Object.keys(FAULTS).join(', ')}.`
    const { takes }: Fault = FAULTS[name]
    const fits =
      takes === 'nothing'
        ? value === ''
        : takes === 'number'
          ? /^\d+(\.\d+)?$/u.test(value)
          : takes === 'text'
            ? value !== ''
            : takes.includes(value) || (value === '' && name === 'bad-base64')
    if (!fits)
      return `The fault "${name}" takes ${typeof takes === 'string' ? takes : takes.join(' or ')}, not "${value}".`
    faults[name] = value
  }
  return faults
}

/** The text without its fault directives, for captions. */
export function withoutFaults(text: string): string {
  return text.replace(DIRECTIVE, '').trim()
}

/** A numeric fault's value; undefined when it was not asked for. */
export function amount(faults: Faults, name: FaultName): number | undefined {
  const value = faults[name]
  return value === undefined ? undefined : Number(value)
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name)
}
