import type { Sabotage } from './sabotage.ts'

/** Adapters by folder: what each sends, how it reads what comes back, and where its credential goes. */
export const PROVIDERS: readonly Sabotage[] = [
  ...broken('openai', [
    {
      deed: 'take a preview for the picture',
      find: "isFinal: (event) => event?.endsWith('.completed') === true,",
      put: 'isFinal: () => true,',
      file: 'stream.ts',
      test: 'stream.test.ts',
    },
    {
      deed: 'call a failure after a preview free',
      find: "return previews > 0 && failure.billed === 'no' ?",
      put: "return previews > 9 && failure.billed === 'no' ?",
      file: 'stream.ts',
      test: 'stream.test.ts',
    },
    {
      deed: 'call every refusal free',
      find: "=== 'input' ? 'no' : 'unknown'",
      put: "=== 'input' ? 'no' : 'no'",
      file: 'errors.ts',
      test: 'simulated.test.ts',
    },
    {
      deed: 'send an edit without its mask',
      find: '[...given, ...(mask === undefined ? [] : [mask])]',
      put: '[...given]',
      file: 'request.ts',
      test: 'simulated.test.ts',
    },
  ]),
  ...broken('azure', [
    {
      deed: 'send the key as a token',
      find: "headers: { 'api-key': credential },",
      put: 'headers: { authorization: `Bearer ${credential}` },',
      file: 'provider.ts',
      test: 'azure.test.ts',
    },
  ]),
  ...broken('vertex', [
    {
      deed: 'ask for a token by every call',
      find: 'if (others === undefined) return await fresh(call, place)',
      put: 'return await fresh(call, place)',
      file: 'tokens.ts',
      test: 'tokens.test.ts',
    },
    {
      deed: 'show the assertion to anybody',
      find: "return endpoint.protocol === 'https:' || endpoint.origin === base?.origin ? endpoint : undefined",
      put: 'return endpoint',
      file: 'tokens.ts',
      test: 'tokens.test.ts',
    },
    {
      deed: 'keep a token that is refused',
      find: 'generated.error.status === 401',
      put: 'generated.error.status === 418',
      file: 'provider.ts',
      test: 'tokens.test.ts',
    },
  ]),
  ...broken('stability', [
    {
      deed: 'repaint what was to stay',
      find: "toStencil(mask, 'white', pixels)",
      put: "toStencil(mask, 'black', pixels)",
      file: 'request.ts',
      test: 'stability.test.ts',
    },
    {
      deed: 'take a blurred picture for a good one',
      find: "if (reason === 'CONTENT_FILTERED') {",
      put: "if (reason === 'FILTERED') {",
      file: 'answer.ts',
      test: 'simulated.test.ts',
    },
  ]),
  ...broken('dashscope', [
    {
      deed: 'pay for four pictures where one was wanted',
      find: '(n !== undefined || model.manyByDefault)',
      put: 'n !== undefined',
      file: 'request.ts',
      test: 'simulated.test.ts',
    },
    {
      deed: 'ask after a task that nobody has written down',
      find: '      await call.submitted(submitted.value)\n',
      put: '',
      file: 'provider.ts',
      test: 'simulated.test.ts',
    },
    {
      deed: 'lose the good pictures of a task of which one failed',
      find: 'images.length === 0 && missed !== undefined',
      put: 'missed !== undefined',
      file: 'answer.ts',
      test: 'dashscope.test.ts',
    },
  ]),
  ...broken('ark', [
    {
      deed: 'let it write on the picture',
      find: '    watermark: false,\n',
      put: '',
      file: 'request.ts',
      test: 'ark.test.ts',
    },
    {
      deed: 'take a series with a failure in it for a whole one',
      find: 'if (failed !== undefined) return',
      put: 'if (failed === null) return',
      file: 'answer.ts',
      test: 'simulated.test.ts',
    },
  ]),
  ...broken('openai-compatible', [
    {
      deed: 'hand over a picture that was flagged',
      find: 'isFlagged ? [] : [each]',
      put: 'isFlagged ? [each] : [each]',
      file: 'answer.ts',
      test: 'openai-compatible.test.ts',
    },
    {
      deed: 'let a prompt give orders to the server',
      find: ".replaceAll('<', String.raw`\\u003c`)",
      put: '',
      file: 'prompt.ts',
      test: 'request.test.ts',
    },
    {
      deed: 'take the picture of whatever model is loaded',
      find: 'if (models.some((id) => lastPart(id) === lastPart(model))) return undefined',
      put: 'if (models.length > 0) return undefined',
      file: 'loaded.ts',
      test: 'simulated.test.ts',
    },
  ]),
  ...broken('recraft', [
    {
      deed: 'book a tenth of the credits',
      find: 'units / 1000',
      put: 'units / 100',
      file: 'answer.ts',
      test: 'simulated.test.ts',
    },
  ]),
  ...broken('comfyui', [
    {
      deed: 'send a job that nobody has written down',
      find: '      await call.submitted(chosen)\n',
      put: '',
      file: 'provider.ts',
      test: 'comfyui.test.ts',
    },
    {
      deed: 'stop somebody else’s picture',
      find: "['/interrupt', { prompt_id: promptId }]",
      put: "['/interrupt', {}]",
      file: 'server.ts',
      test: 'comfyui.test.ts',
    },
    {
      deed: 'ask for the same picture again',
      find: '    seed: randomSeed(),',
      put: '    seed: 0,',
      file: 'request.ts',
      test: 'request.test.ts',
    },
  ]),
  ...broken('automatic1111', [
    {
      deed: 'stop what may be somebody else’s',
      find: 'const isOurs = task.ok && task.value?.active === true',
      put: 'const isOurs = task.ok',
      file: 'stop.ts',
      test: 'automatic1111.test.ts',
    },
    {
      deed: 'take the picture of another model',
      find: 'answered?.info !== undefined && !isOf(answered.info, checkpoint)',
      put: 'answered === undefined',
      file: 'answer.ts',
      test: 'simulated.test.ts',
    },
  ]),
  ...broken('bfl', [
    {
      deed: 'follow a task to any host of the vendor',
      find: '(isVendors(told) && isVendors(base))',
      put: 'isVendors(told)',
      file: 'place.ts',
      test: 'bfl.test.ts',
    },
    {
      deed: 'ask after a task before it is written down',
      find: 'await call.submitted(upstreamId)',
      put: 'void call.submitted(upstreamId)',
      file: 'provider.ts',
      test: 'bfl.test.ts',
    },
    {
      deed: 'forget the cost that was told',
      find: 'const known = ready.value.cost ?? (expected',
      put: 'const known = (expected',
      file: 'provider.ts',
      test: 'bfl.test.ts',
    },
  ]),
  ...broken('replicate', [
    {
      deed: 'ask after a prediction before it is written down',
      find: 'await call.submitted(submitted.value)',
      put: 'void call.submitted(submitted.value)',
      file: 'provider.ts',
      test: 'replicate.test.ts',
    },
    {
      deed: 'repaint what was to stay',
      find: "    mask: 'black',",
      put: "    mask: 'white',",
      file: 'models.ts',
      test: 'request.test.ts',
    },
    {
      deed: 'take a refusal for a failure',
      find: '/nsfw|\\be005\\b|sensitive|flagged|moderat|safety/i',
      put: '/nsfw/i',
      file: 'answer.ts',
      test: 'replicate.test.ts',
    },
  ]),
  ...broken('midjourney', [
    {
      deed: 'pay for opening a window',
      find: 'paid: window === undefined }, call)',
      put: 'paid: true }, call)',
      file: 'provider.ts',
      test: 'midjourney.test.ts',
    },
    {
      deed: 'lose a grid that cannot be cut',
      find: '  if (!parts?.ok) return ok([{ blob: whole.value }])',
      put: '  if (!parts?.ok) return ok([])',
      file: 'answer.ts',
      test: 'midjourney.test.ts',
    },
    {
      deed: 'cut a grid into stripes',
      find: 'split(whole.value, 2, 2, count)',
      put: 'split(whole.value, 4, 1, count)',
      file: 'answer.ts',
      test: 'simulated.test.ts',
    },
    {
      deed: 'take a banned prompt for trouble of the proxy',
      find: '    case 24: {',
      put: '    case 99: {',
      file: 'errors.ts',
      test: 'midjourney.test.ts',
    },
  ]),
  ...broken('ideogram', [
    {
      deed: 'repaint what was to stay',
      find: "stencil(source.blob, 'black')",
      put: "stencil(source.blob, 'white')",
      file: 'request.ts',
      test: 'simulated.test.ts',
    },
    {
      deed: 'call a picture that was made free',
      find: "billed: 'yes', status: 200",
      put: "billed: 'no', status: 200",
      file: 'answer.ts',
      test: 'ideogram.test.ts',
    },
    {
      deed: 'ask after a generation before it is written down',
      find: '      await call.submitted(id)\n',
      put: '      void call.submitted(id)\n',
      file: 'provider.ts',
      test: 'ideogram.test.ts',
    },
  ]),
  {
    promise: 'field',
    deed: 'throw away three of the four pictures that one task makes',
    edits: [{ file: 'src/catalog/models/midjourney.ts', find: '  defaults: { n: 4 },\n', put: '' }],
    tests: ['test/providers/midjourney.test.ts'],
  },
  {
    promise: 'field',
    deed: 'lose the good pictures for a bad one',
    edits: [{ file: 'src/providers/fetch-pictures.ts', find: 'if (images.length === 0 && failed', put: 'if (failed' }],
    tests: ['src/providers/openai-compatible/openai-compatible.test.ts'],
  },
  {
    promise: 'field',
    deed: 'leave a stream of events open',
    edits: [
      { file: 'src/providers/events.ts', find: '    await leave(bytes, arriving, call.clock)', put: '    void leave' },
    ],
    tests: ['src/providers/events.test.ts'],
  },
  {
    promise: 'X7',
    deed: 'let a failed stream repeat the credential',
    edits: [
      {
        file: 'src/providers/http.ts',
        find: 'requestEvents: (call, request) => discreet(call, requestEvents(call, request)),',
        put: 'requestEvents,',
      },
    ],
    tests: ['src/providers/openai/stream.test.ts'],
  },
]

interface Break {
  readonly deed: string
  readonly find: string
  readonly put: string
  /** In the adapter's folder, like its test. */
  readonly file: string
  readonly test: string
}

function broken(folder: string, breaks: readonly Break[]): readonly Sabotage[] {
  return breaks.map(({ deed, find, put, file, test }) => ({
    promise: 'field',
    deed: `${folder}: ${deed}`,
    edits: [{ file: `src/providers/${folder}/${file}`, find, put }],
    tests: [`src/providers/${folder}/${test}`],
  }))
}
