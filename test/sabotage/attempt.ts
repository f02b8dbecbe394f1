import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { ROOT } from '../support/child.ts'
import type { Edit, Sabotage } from './sabotage.ts'

/** Longer than any test file; what hangs has been noticed as well. */
const TIMEOUT_MS = 180_000

const MOST_AT_ONCE = 4

export interface Verdict {
  readonly sabotage: Sabotage
  /** Red is what is wanted: the tests noticed. `broken`: the tests fail without it, or the edit does not fit. */
  readonly colour: 'red' | 'green' | 'broken'
  /** The first test that failed, or what is broken. */
  readonly told: string
  readonly seconds: number
}

/** Tries each in a copy of the tree, as many at a time as there are processors; tells each verdict as it is known. */
export async function attemptAll(
  sabotages: readonly Sabotage[],
  tell: (verdict: Verdict) => void = () => {},
): Promise<readonly Verdict[]> {
  const waiting = [...sabotages]
  const verdicts: Verdict[] = []
  const work = async (): Promise<void> => {
    const workshop = openWorkshop()
    try {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const verdict = await workshop.attempt(next)
        verdicts.push(verdict)
        tell(verdict)
      }
    } finally {
      workshop.close()
    }
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), MOST_AT_ONCE) }, work))
  return verdicts
}

/** A copy of the tree in which things may be broken. */
interface Workshop {
  attempt(sabotage: Sabotage): Promise<Verdict>
  close(): void
}

/** Copies what git knows and what it does not ignore; packages are shared with the real tree. */
function openWorkshop(): Workshop {
  const directory = mkdtempSync(join(tmpdir(), 'plantain-sabotage-'))
  // A PostgreSQL server that a test starts runs as another user, and its data are in here.
  chmodSync(directory, 0o711)
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
  for (const file of files.toString().split('\0').filter(Boolean)) {
    mkdirSync(join(directory, dirname(file)), { recursive: true })
    // A file may have been removed since; a test that misses it will say so.
    cpSync(join(ROOT, file), join(directory, file), { force: true, recursive: true, filter: (path) => exists(path) })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  const sound = new Map<string, Promise<string | undefined>>()

  return {
    async attempt(sabotage) {
      const startedAt = performance.now()
      const verdict = (colour: Verdict['colour'], told: string): Verdict => ({
        sabotage,
        colour,
        told,
        seconds: (performance.now() - startedAt) / 1000,
      })
      const { tests, only, needsPostgres = false } = sabotage
      const command = [...(only === undefined ? [] : [`--test-name-pattern=${only}`]), ...tests]
      const run = (): Promise<string | undefined> => firstFailure(directory, command, needsPostgres)
      const key = `${needsPostgres} ${command.join(' ')}`
      if (!sound.has(key)) sound.set(key, failsTwice(run))
      const unsound = await sound.get(key)
      if (unsound !== undefined) return verdict('broken', `fails without it: ${unsound}`)

      const originals = sabotage.edits.map(({ file }) => [file, readFileSync(join(directory, file), 'utf8')] as const)
      try {
        for (const edit of sabotage.edits) {
          const problem = apply(directory, edit)
          if (problem !== undefined) return verdict('broken', problem)
        }
        const failure = await run()
        return failure === undefined ? verdict('green', 'nobody noticed') : verdict('red', failure)
      } finally {
        for (const [file, text] of originals) writeFileSync(join(directory, file), text)
      }
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** Whether tests fail without any sabotage. Two sabotages at a time keep the machine busier than the tests of processes and sockets expect, so they get a second go. */
async function failsTwice(run: () => Promise<string | undefined>): Promise<string | undefined> {
  return (await run()) === undefined ? undefined : await run()
}

/** Why an edit does not fit its file; undefined when it does. */
export function misfit(text: string, { file, find, put }: Edit): string | undefined {
  const times = text.split(find).length - 1
  if (times !== 1) return `${file} has ${times} places like ${JSON.stringify(find)}`
  try {
    stripTypeScriptTypes(text.replace(find, () => put))
    return undefined
  } catch (error) {
    return `${file} would not parse: ${String(error)}`
  }
}

function apply(directory: string, edit: Edit): string | undefined {
  const path = join(directory, edit.file)
  const text = readFileSync(path, 'utf8')
  const problem = misfit(text, edit)
  if (problem === undefined)
    writeFileSync(
      path,
      text.replace(edit.find, () => edit.put),
    )
  return problem
}

/**
 * Name of the first test that fails, at which the run is ended; undefined when all pass. SQLite alone, unless
 * PostgreSQL is asked for: most of what is broken here is above the engines. What the tests leave in the temporary folder goes with the workshop.
 */
function firstFailure(
  directory: string,
  tests: readonly string[],
  needsPostgres: boolean,
): Promise<string | undefined> {
  const { CI: _, TEST_DATABASE_URL: postgres, NODE_TEST_CONTEXT: __, ...environment } = process.env
  const scratch = join(directory, '.scratch')
  mkdirSync(scratch, { recursive: true })
  const run = spawn(process.execPath, ['--test', '--test-reporter=tap', ...tests], {
    cwd: directory,
    env: { ...environment, ...(needsPostgres && { TEST_DATABASE_URL: postgres }), TMPDIR: scratch },
    stdio: ['ignore', 'pipe', 'ignore'],
    // A group of its own: a test that fails may leave processes behind, and they have to end with it.
    detached: true,
  })
  return new Promise((resolve) => {
    let output = ''
    let failure: string | undefined
    const end = (told: string): void => {
      failure ??= told
      if (run.pid !== undefined && run.exitCode === null) process.kill(-run.pid, 'SIGKILL')
    }
    const timer = setTimeout(() => end('(it hangs)'), TIMEOUT_MS)
    run.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      // Innermost first in TAP; a file that fails as a whole has only its own path to tell.
      const failed = /^ *not ok \d+ - (.+)\n/m.exec(output)
      if (failed) end(failed[1] ?? '')
    })
    run.once('close', (code) => {
      clearTimeout(timer)
      if (failure === undefined && /^# pass 0$/m.test(output)) failure = 'no test ran'
      if (failure === undefined && code !== 0) failure = 'the tests did not run'
      resolve(failure)
    })
  })
}

function exists(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EISDIR'
  }
}
