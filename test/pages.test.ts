import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'

import { ROOT } from './support/child.ts'
import { startGateway, type TestGatewayHere } from './support/gateway.ts'

/*
 * The pages that show what a command prints. Their commands run in their order, in one shell, against a gateway of this release; what
 * they print has to be what the page says.
 */

const run = promisify(execFile)
const PAGES = ['routing.md', 'never-twice.md'] as const
/** Between what two commands print. */
const MARK = '----------'

let gateway: TestGatewayHere

before(async () => {
  gateway = await startGateway()
})

after(() => gateway.stop())

interface Example {
  readonly command: string
  /** Undefined where the page does not say. */
  readonly prints: string | undefined
}

/** Commands of a page, with the block behind them. One with `…` in it is a pattern, not a command. */
function examplesIn(page: string): readonly Example[] {
  const blocks = [...page.matchAll(/```bash\n([\s\S]*?)```(?:\n+```\n([\s\S]*?)```)?/g)]
  return blocks.map(([, command = '', prints]) => ({ command, prints })).filter(({ command }) => !command.includes('…'))
}

async function printed(commands: readonly string[]): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'plantain-pages-'))
  const script = commands
    .join(`echo ${MARK}\n`)
    .replaceAll('http://127.0.0.1:7878', gateway.url)
    .replaceAll('npx plantain', `"${process.execPath}" "${join(ROOT, 'src/main.ts')}"`)
  try {
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: directory,
      timeout: 60_000,
      env: { PATH: process.env['PATH'], PLANTAIN_URL: gateway.url, PLANTAIN_API_KEY: gateway.keys.test },
    })
    return stdout.split(`${MARK}\n`)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

for (const name of PAGES) {
  test(`what docs/${name} shows is what its commands print`, async () => {
    const examples = examplesIn(readFileSync(join(ROOT, 'docs', name), 'utf8'))

    const outputs = await printed(examples.map(({ command }) => command))

    assert.ok(examples.some(({ prints }) => prints !== undefined))
    assert.deepEqual(
      outputs.map((output, index) => (examples[index]?.prints === undefined ? undefined : output)),
      examples.map(({ prints }) => prints),
    )
  })
}
