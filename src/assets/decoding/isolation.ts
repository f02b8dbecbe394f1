import { execFile } from 'node:child_process'

/** How the decoding process is kept apart from everything else. */
export interface Isolation {
  /**
   * `namespaces`: user and network namespaces of its own, so it has no capability and no network at all. `plain`: an ordinary child.
   * Both have fixed arguments, no environment and no descriptors but their three pipes.
   */
  readonly form: 'namespaces' | 'plain'
  /** In words, why it is not `namespaces`. */
  readonly reason: string | undefined
}

export type Command = readonly [file: string, ...args: string[]]

/**
 * No `-r`: a process that is root in its namespace keeps all capabilities there, one that is nobody loses them when it starts.
 * Source: user_namespaces(7), on execve (read 2026-11-22); the test looks at the capabilities that are left.
 */
const UNSHARE = ['unshare', '-U', '-n', '--'] as const
const TRIAL_MS = 5000

let tried: Promise<Isolation> | undefined

/** Which form this system grants: tried once in the life of the process, by starting this very Node and letting it end. */
export function isolation(): Promise<Isolation> {
  tried ??= tryNamespaces()
  return tried
}

/** The command that starts `program`, a file of ours, in this form. */
export function commandFor({ form }: Isolation, program: string): Command {
  const node = [process.execPath, '--max-old-space-size=128', '--expose-gc', program] as const
  return form === 'namespaces' ? [...UNSHARE, ...node] : node
}

function tryNamespaces(): Promise<Isolation> {
  const [file, ...args] = [...UNSHARE, process.execPath, '--version'] as const
  return new Promise((resolve) => {
    execFile(file, args, { env: {}, cwd: '/', timeout: TRIAL_MS }, (error, _stdout, stderr) => {
      const said = stderr.trim().split('\n').at(-1)
      resolve(
        error === null
          ? { form: 'namespaces', reason: undefined }
          : { form: 'plain', reason: said === undefined || said === '' ? error.message : said },
      )
    })
  })
}
