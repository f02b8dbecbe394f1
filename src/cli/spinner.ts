import type { Clock } from '../core/clock.ts'
import type { Terminal } from './terminal.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
const FRAME_MS = 100

/** Shows a person that something goes on, and for how long; says nothing to anyone else. Ends with the work, however that ends. */
export async function withSpinner<T>(
  terminal: Terminal,
  clock: Clock,
  text: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!terminal.isInteractive) return await work()
  const startedAt = clock.monotonic()
  let frame = 0
  const show = () => {
    const seconds = Math.floor((clock.monotonic() - startedAt) / 1000)
    terminal.status(`${FRAMES[frame % FRAMES.length]} ${text} ${seconds} s`)
    frame += 1
  }
  show()
  const timer = setInterval(show, FRAME_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    terminal.status(undefined)
  }
}
