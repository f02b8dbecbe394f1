import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

/** What the composition root puts together. */
const ROOMS = [
  'core',
  'catalog',
  'db',
  'accounts',
  'ledger',
  'assets',
  'outbound',
  'cache',
  'providers',
  'router',
  'generations',
] as const

/** Who may import whom, by folder. Every folder may import itself; tests may import anything. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  catalog: ['core'],
  db: ['core'],
  accounts: ['core', 'db'],
  ledger: ['core', 'db'],
  assets: ['core', 'db'],
  outbound: ['core'],
  cache: ['core'],
  providers: ['core', 'catalog'],
  router: ['core', 'catalog', 'providers'],
  generations: ['core', 'catalog', 'db', 'accounts', 'ledger', 'assets', 'outbound', 'cache', 'providers', 'router'],
  surfaces: ['core', 'catalog'],
  http: ['core', 'catalog', 'db', 'accounts', 'ledger', 'assets', 'outbound', 'generations'],
  sandbox: ['core'],
  'setting-readers.ts': ['core', 'catalog'],
  'settings.ts': ['setting-readers.ts'],
  'config.ts': ['core', 'providers', 'setting-readers.ts', 'settings.ts'],
  'setup.ts': ['core', 'catalog', 'generations', 'providers', 'router', 'sandbox', 'config.ts'],
  'gateway.ts': [...ROOMS, 'surfaces', 'http', 'config.ts', 'setup.ts'],
  cli: [...ROOMS, 'surfaces', 'http', 'sandbox', 'settings.ts', 'config.ts', 'setup.ts', 'gateway.ts'],
  'main.ts': ['cli'],
}

/** Files that may turn JSON text into values, or touch base64, by what they say. Everything else leaves both to the codec. */
const MAY_SAY: Readonly<Record<string, readonly string[]>> = {
  // The codec: skeletons, single keys and texts are parsed; base64 is a form that strings have.
  'src/core/json-reader.ts': ['JSON.parse'],
  'src/core/json-syntax.ts': ['JSON.parse'],
  'src/core/long-string.ts': ['JSON.parse', "'base64'"],
  'src/core/blob-fields.ts': ['JSON.parse', "'base64'"],
  'src/core/json-blob.ts': ["'base64'"],
  'src/core/data-url.ts': ["'base64'"],
  'src/providers/fal/answer.ts': ["'base64'"],
  'src/providers/google/answer.ts': ["'base64'"],
  'src/providers/replicate/answer.ts': ["'base64'"],
  'src/providers/stability/answer.ts': ["'base64'"],
  'src/providers/openai-compatible/hosted.ts': ["'base64'"],
  'src/providers/automatic1111/answer.ts': ["'base64'"],
  'src/providers/automatic1111/server.ts': ["'base64'"],
  // A text of JSON within JSON, and frames of a socket: both small, and without pictures.
  'src/providers/automatic1111/wire.ts': ['JSON.parse'],
  'src/providers/comfyui/wire.ts': ['JSON.parse'],
  // The two decoders: slices of at most 64 KiB.
  'src/core/base64.ts': ["'base64'"],
  'src/assets/base64-into.ts': ["'base64'"],
  // A service account's key file, and the token that is signed with it.
  'src/providers/vertex/key-file.ts': ['JSON.parse'],
  'src/providers/vertex/assertion.ts': ["'base64url'"],
  // JSON that this program wrote itself, and the operator's catalogue file.
  'src/generations/store.ts': ['JSON.parse'],
  'src/generations/fetch.ts': ['JSON.parse'],
  'src/generations/agreed.ts': ['JSON.parse'],
  'src/ledger/charged-pictures.ts': ['JSON.parse'],
  'src/cli/open.ts': ['JSON.parse'],
  // The far end of the wire, which has no part in our promises.
  'src/sandbox/automatic1111/automatic1111.ts': ['JSON.parse', "'base64'"],
  'src/sandbox/automatic1111/job.ts': ["'base64'"],
  'src/sandbox/automatic1111/machine.ts': ["'base64'"],
  'src/sandbox/comfyui/body.ts': ['JSON.parse'],
  'src/sandbox/comfyui/socket.ts': ["'base64'"],
  'src/sandbox/input-picture.ts': ["'base64'"],
  'src/sandbox/paid-call.ts': ['JSON.parse', "'base64'"],
  'src/sandbox/openai-compatible/deepinfra.ts': ['.json()'],
  'src/sandbox/openai-compatible/given.ts': ["'base64'"],
  'src/sandbox/openai-compatible/reading.ts': ['.json()'],
  'src/sandbox/openai-compatible/sd-cpp.ts': ['JSON.parse'],
  'src/sandbox/openai-compatible/together.ts': ["'base64'"],
  'src/sandbox/gemini/input-picture.ts': ["'base64'"],
  'src/sandbox/gemini/signature.ts': ["'base64'"],
  'src/sandbox/ideogram/check.ts': ['JSON.parse'],
  'src/sandbox/midjourney/midjourney.ts': ['JSON.parse'],
  'src/sandbox/painter.ts': ["'base64url'"],
  'src/sandbox/picture-json.ts': ["'base64'"],
  'src/sandbox/xai/check.ts': ["'base64'"],
  'src/sandbox/vertex/tokens.ts': ['JSON.parse', "'base64url'"],
}

const root = resolve(import.meta.dirname, '..')
/** Beside the tests of a room: suites that several implementations run, recorded answers, sample pictures. */
const TEST_SUPPORT = /(\.test|\/test-[\w-]+|-contract|\/playback|\/on-wire|\/sample|\/json-fixture)\.ts$/
const sources = globSync('src/**/*.ts', { cwd: root }).filter((file) => !TEST_SUPPORT.test(file))

function roomOf(file: string): string {
  const [, room = ''] = relative(root, resolve(root, file)).split('/')
  return room
}

function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

/** The code of a file without comments, so that prose may name what code may not. */
function codeOf(file: string): string {
  return textOf(file)
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|\s)\/\/.*$/gm, '$1')
}

function importsOf(file: string): readonly string[] {
  return [
    ...textOf(file).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g),
    ...textOf(file).matchAll(/new URL\('(\.[^']+\.ts)'/g),
  ].map(([, path = '']) => relative(root, resolve(root, dirname(file), path)))
}

test('every import follows the arrows between the rooms', () => {
  const stray = sources.flatMap((file) => {
    const room = roomOf(file)
    const allowed = MAY_IMPORT[room]
    if (allowed === undefined) return [`${file}: the room ${room} is not in the table`]
    return importsOf(file)
      .filter((target) => target.startsWith('src/'))
      .map((target) => roomOf(target))
      .filter((target) => target !== room && !allowed.includes(target))
      .map((target) => `${file} imports ${target}`)
  })

  assert.deepEqual(stray, [])
})

test('the table of arrows names no room that is gone', () => {
  const rooms = new Set(sources.map(roomOf))

  assert.deepEqual(
    Object.keys(MAY_IMPORT).filter((room) => !rooms.has(room)),
    [],
  )
})

/** Words that belong to one place. */
const PLACES: readonly { readonly word: RegExp; readonly files: (file: string) => boolean; readonly why: string }[] = [
  {
    word: /process\.env/,
    files: (file) => file === 'src/config.ts',
    why: 'config.ts is the only reader of the environment',
  },
  { word: /process\.exit\b/, files: (file) => file === 'src/main.ts', why: 'only main.ts ends the process' },
  {
    word: /Date\.now|performance\.now|new Date\(\)/,
    files: (file) => file === 'src/core/clock.ts',
    why: 'time is an argument',
  },
  { word: /\bMath\.random\b/, files: () => false, why: 'randomness is an argument or comes from node:crypto' },
  { word: /\bfetch\(/, files: () => false, why: 'outgoing calls go through providers/http.ts and outbound/' },
  {
    word: /from 'undici'/,
    files: (file) =>
      file.startsWith('src/providers/') || file === 'src/outbound/exchange.ts' || file.startsWith('src/cli/'),
    why: 'one HTTP client, in one place',
  },
  {
    word: /\.hijack\(\)/,
    files: (file) => file === 'src/http/send.ts' || file === 'src/http/run.ts',
    why: 'only the sender takes a reply out of Fastify’s hands, and run.ts the one whose caller has left',
  },
  { word: /export default/, files: () => false, why: 'named exports only' },
]

for (const { word, files, why } of PLACES) {
  test(`${why} (${word.source})`, () => {
    assert.deepEqual(
      sources.filter((file) => word.test(codeOf(file)) && !files(file)),
      [],
    )
  })
}

test('JSON text and base64 are touched only by the files that are listed for it', () => {
  const words = ['JSON.parse', '.json()', "'base64'", "'base64url'", 'atob'] as const
  const said = Object.fromEntries(
    sources.flatMap((file) => {
      const code = codeOf(file)
      const found = words.filter((word) => code.includes(word))
      return found.length > 0 ? [[file, found] as const] : []
    }),
  )

  assert.deepEqual(said, MAY_SAY)
})

test('every provider is a directory with its tests and fixtures', () => {
  const directories = new Set(globSync('src/providers/*/provider.ts', { cwd: root }).map((file) => dirname(file)))

  assert.ok(directories.size > 0)
  for (const directory of directories) {
    assert.ok(globSync(`${directory}/*.test.ts`, { cwd: root }).length > 0, `${directory} has no test`)
    assert.ok(globSync(`${directory}/fixtures/*`, { cwd: root }).length > 0, `${directory} has no fixtures`)
  }
})

test('the sandbox and the providers share nothing', () => {
  const crossing = sources.flatMap((file) => {
    const room = roomOf(file)
    return importsOf(file).filter(
      (target) =>
        (room === 'sandbox' && roomOf(target) === 'providers') ||
        (room === 'providers' && roomOf(target) === 'sandbox'),
    )
  })

  assert.deepEqual(crossing, [])
})
