/**
 * Moments at which a process may die, by name: what stands around each of them is what a crash must not take apart. The crash driver
 * kills at every one; a test holds that each stands in the code, once.
 */
export const FAILPOINTS = [
  'before hold commit',
  'after hold commit',
  'before attempt commit',
  'after attempt commit',
  'before first byte',
  'after request sent',
  'before headers',
  'after headers',
  'before body end',
  'after body end',
  'before asset sync',
  'after asset sync',
  'before asset rename',
  'after asset rename',
  'before settle commit',
  'after settle commit',
  'before key store',
  'after key store',
  'before response start',
  'after response start',
  'before response end',
  'after response end',
  'before reaper step',
  'after reaper step',
  'before top-up commit',
  'after top-up commit',
] as const

export type Failpoint = (typeof FAILPOINTS)[number]

/** Which moment, and the how-manieth time it is reached, from 1. */
export interface ArmedFailpoint {
  readonly name: Failpoint
  readonly count: number
}

let armed: ArmedFailpoint | undefined
let reached = 0

/** For the crash driver alone: this process kills itself there. */
export function armFailpoint(moment: ArmedFailpoint): void {
  armed = moment
}

/** For threads of this process, which count for themselves. */
export function armedFailpoint(): ArmedFailpoint | undefined {
  return armed
}

/** Passed on the way. Costs one comparison where nothing is armed, which is everywhere but in the crash driver. */
export function failpoint(name: Failpoint): void {
  if (armed === undefined || armed.name !== name) return
  reached += 1
  if (reached === armed.count) process.kill(process.pid, 'SIGKILL')
}

/** `after settle commit`, or with a number behind it: `after settle commit:3`. Undefined when there is no such moment. */
export function readFailpoint(text: string): ArmedFailpoint | undefined {
  const [, name = '', count = '1'] = /^([a-z -]+?)(?::([1-9]\d{0,5}))?$/.exec(text) ?? []
  const known = FAILPOINTS.find((each) => each === name)
  return known === undefined ? undefined : { name: known, count: Number(count) }
}
