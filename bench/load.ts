/** The caller: keeps a number of requests in flight for a while and reads every answer to its end. */
import { Pool } from 'undici'

export interface Job {
  readonly origin: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly inFlight: number
  readonly seconds: number
}

export interface Sample {
  readonly answers: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p50: number
  /** Of one answer's body. */
  readonly bytes: number
}

process.on('message', (job: Job) => {
  void run(job).then(
    (sample) => process.send?.(sample),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
      process.exitCode = 1
      process.disconnect()
    },
  )
})

async function run({ origin, path, headers, body, inFlight, seconds }: Job): Promise<Sample> {
  const pool = new Pool(origin, { connections: inFlight, pipelining: 1, bodyTimeout: 60_000 })
  const times: number[] = []
  let bytes = 0
  const started = performance.now()
  const end = started + seconds * 1000

  async function ask(): Promise<void> {
    while (performance.now() < end) {
      const from = performance.now()
      const answer = await pool.request({ method: 'POST', path, headers, body })
      let read = 0
      for await (const chunk of answer.body) read += (chunk as Buffer).length
      if (answer.statusCode !== 200) throw new Error(`${origin}${path} answered ${answer.statusCode}`)
      times.push(performance.now() - from)
      bytes = read
    }
  }

  await Promise.all(Array.from({ length: inFlight }, ask))
  const took = (performance.now() - started) / 1000
  await pool.close()
  times.sort((a, b) => a - b)
  return { answers: times.length, seconds: took, p50: times[Math.floor(times.length / 2)] ?? 0, bytes }
}
