/** What a command may do to the outside world besides HTTP and files: words, pictures, a spinner, signals. */
export interface Terminal {
  /** Whether a person looks at standard error. */
  readonly isInteractive: boolean
  /** Whether a person looks at standard output. */
  readonly isOutputInteractive: boolean
  /** Results: standard output. */
  print(text: string): void
  /** Results that are no text of ours, as they are: escape sequences of pictures. */
  draw(bytes: Buffer): void
  /** Remarks for people: standard error. */
  note(text: string): void
  /** Failures: standard error, marked as such. */
  error(text: string): void
  /** One line on standard error that the next one replaces; undefined clears it. Only for a person. */
  status(text: string | undefined): void
  /** Resolves at the first SIGINT or SIGTERM. The next one ends the process. */
  interrupted(): Promise<void>
  /** Ends the process at once: going on would promise what cannot be kept. */
  readonly abort: (error: Error) => void
}

const CLEAR_LINE = '\r\u001B[K'

/** A status line may stand where the next line begins. */
function overStatus(): string {
  return process.stderr.isTTY ? CLEAR_LINE : ''
}

export const systemTerminal: Terminal = {
  isInteractive: process.stderr.isTTY,
  isOutputInteractive: process.stdout.isTTY,
  print: (text) => void process.stdout.write(`${text}\n`),
  draw: (bytes) => void process.stdout.write(bytes),
  note: (text) => void process.stderr.write(`${overStatus()}${text}\n`),
  error: (text) => void process.stderr.write(`${overStatus()}plantain: ${text}\n`),
  status: (text) => void process.stderr.write(`${CLEAR_LINE}${text ?? ''}`),
  interrupted: () =>
    new Promise((resolve) => {
      const done = () => {
        process.off('SIGINT', done).off('SIGTERM', done)
        resolve()
      }
      process.on('SIGINT', done).on('SIGTERM', done)
    }),
  abort(error) {
    process.stderr.write(`plantain: ${error.message}\n`)
    process.abort()
  },
}
