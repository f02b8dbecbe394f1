import { closeSync, existsSync, readdirSync, readFileSync } from 'node:fs'

import { answerHead, FrameReader, JOB_HEAD_BYTES, readJobHead, type Answer, type Frame } from './protocol.ts'

/** O_CLOEXEC of Linux. */
const CLOSE_ON_EXEC = 0o2000000

/**
 * The decoding process: reads jobs from standard input, answers on standard output, one after the other, and knows nothing else.
 * It has no deadline and no limit of its own; the gateway watches it and kills it.
 */
closeInherited()
const { recode } = await import('./recode.ts')

const reader = new FrameReader(JOB_HEAD_BYTES, (head) => readJobHead(head)?.byteLength)
let last: Promise<void> = Promise.resolve()
process.stdin.on('data', (bytes: Buffer) => {
  const frames = reader.push(bytes)
  if (frames === undefined) end()
  else for (const frame of frames) last = last.then(() => work(frame)).then(collect)
})
// The gateway has closed its end or died: whatever is being decoded, nobody waits for it.
process.stdin.on('end', end)
void tell('ready', Buffer.alloc(0))

async function work({ head, slices }: Frame): Promise<void> {
  const asked = readJobHead(head)
  if (asked === undefined) return end()
  const made = await recode(asked.job, Buffer.concat(slices))
  await (made.ok ? tell('made', made.value) : tell('refused', Buffer.from(made.error)))
}

/** Resolves when all of it has gone into the pipe. */
function tell(answer: Answer, body: Buffer): Promise<void> {
  process.stdout.write(answerHead(answer, body.length))
  return new Promise((resolve) => process.stdout.write(body, () => resolve()))
}

/** The garbage of one picture is the next one's memory, and V8 does not see the weight of bytes that live outside its heap. */
async function collect(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc?.()
}

function end(): void {
  process.kill(process.pid, 'SIGKILL')
}

/**
 * The gateway's own descriptors close when another program starts; those that it inherited itself may not. Everything that Node opens
 * is marked to close, so what is not marked came from outside. Only Linux has such a list.
 */
function closeInherited(): void {
  const names = existsSync('/proc/self/fdinfo') ? readdirSync('/proc/self/fdinfo') : []
  for (const name of names) if (Number(name) > 2 && isInherited(name)) closeSync(Number(name))
}

/** The descriptor by which the list was read is in it, and gone. */
function isInherited(name: string): boolean {
  const path = `/proc/self/fdinfo/${name}`
  const [, flags] = existsSync(path) ? (/^flags:\s*(\d+)/m.exec(readFileSync(path, 'latin1')) ?? []) : []
  return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0
}
