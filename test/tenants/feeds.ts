import { MODEL, purchase } from './everything.ts'
import type { Asking } from './world.ts'

/** What somebody may name that is somebody else's. */
export type Kind = 'generation' | 'key' | 'workspace' | 'cursor' | 'purchase key' | 'picture address' | 'anything'

/** One way to name it to a route. `nothing`: the route takes no name and must tell nothing of anybody else by itself. */
export type Feed =
  | {
      readonly kind: 'nothing'
      readonly asking: Asking
      /** It reads pictures for whoever may see those of everybody. */
      readonly reads?: true
    }
  | {
      readonly kind: Kind
      readonly asking: (name: string) => Asking
      /** A success makes something, which is the asker's own. */
      readonly makes?: true
    }

const query = (name: string) => encodeURIComponent(name)
const NEW_KEY = { name: 'of the bison' }

/** How every route of the server is fed; HEAD as GET is. A route without an entry makes the test fail. */
export const FEEDS: Readonly<Record<string, readonly Feed[]>> = {
  'OPTIONS *': nothing({ method: 'OPTIONS', path: '/api/v1/generations', headers: preflight() }),

  'POST /api/v1/chat/completions': [
    buying('/api/v1/chat/completions'),
    {
      kind: 'picture address',
      asking: (url) =>
        post('/api/v1/chat/completions', { model: MODEL, messages: [{ role: 'user', content: picture(url) }] }),
    },
  ],
  'POST /api/v1/images': [
    buying('/api/v1/images'),
    { kind: 'picture address', asking: (url) => post('/api/v1/images', withReference(url)) },
  ],
  'POST /api/v1/images/generations': [buying('/api/v1/images/generations')],
  'POST /v1/images/generations': [buying('/v1/images/generations')],
  'POST /api/v1/estimate': [{ kind: 'picture address', asking: (url) => post('/api/v1/estimate', withReference(url)) }],

  'GET /api/v1/generation': [{ kind: 'generation', asking: (id) => ({ path: `/api/v1/generation?id=${query(id)}` }) }],
  'GET /api/v1/generation/content': [
    { kind: 'generation', asking: (id) => ({ path: `/api/v1/generation/content?id=${query(id)}` }) },
  ],
  'GET /api/v1/generations': [
    { kind: 'nothing', asking: { path: '/api/v1/generations?limit=100' } },
    { kind: 'cursor', asking: (cursor) => ({ path: `/api/v1/generations?cursor=${query(cursor)}` }) },
  ],
  'GET /api/v1/generations/:id': [
    { kind: 'generation', asking: (id) => ({ path: `/api/v1/generations/${query(id)}` }) },
  ],
  'POST /api/v1/generations/:id/cancel': [
    { kind: 'generation', asking: (id) => ({ method: 'POST', path: `/api/v1/generations/${query(id)}/cancel` }) },
  ],
  'GET /api/v1/generations/:id/images': [
    { kind: 'generation', asking: (id) => ({ path: `/api/v1/generations/${query(id)}/images` }) },
  ],
  'GET /api/v1/generations/:id/images/:index': [
    ...[0, 1, 9].map((index): Feed => ({ kind: 'generation', asking: (id) => ({ path: picturePath(id, index) }) })),
    // Whoever guesses the picture must not be told that he is right.
    { kind: 'generation', asking: (id) => ({ path: picturePath(id, 0), headers: { 'if-none-match': '*' } }) },
    { kind: 'generation', asking: (id) => ({ path: picturePath(id, 0), headers: { range: 'bytes=999999999-' } }) },
  ],

  'GET /api/v1/key': nothing({ path: '/api/v1/key' }),
  'GET /api/v1/auth/key': nothing({ path: '/api/v1/auth/key' }),
  'GET /api/v1/keys': [
    { kind: 'nothing', asking: { path: '/api/v1/keys?include_disabled=true' } },
    { kind: 'workspace', asking: (id) => ({ path: `/api/v1/keys?include_disabled=true&workspace_id=${query(id)}` }) },
  ],
  'POST /api/v1/keys': [
    { kind: 'workspace', makes: true, asking: (id) => post('/api/v1/keys', { ...NEW_KEY, workspace_id: id }) },
  ],
  'GET /api/v1/keys/:hash': [{ kind: 'key', asking: (hash) => ({ path: `/api/v1/keys/${query(hash)}` }) }],
  'PATCH /api/v1/keys/:hash': [
    {
      kind: 'key',
      asking: (hash) => ({
        method: 'PATCH',
        path: `/api/v1/keys/${query(hash)}`,
        body: { name: 'mine', disabled: true },
      }),
    },
  ],
  'DELETE /api/v1/keys/:hash': [
    { kind: 'key', asking: (hash) => ({ method: 'DELETE', path: `/api/v1/keys/${query(hash)}` }) },
  ],
  'GET /api/v1/credits': nothing({ path: '/api/v1/credits' }),
  'POST /api/v1/credits': [
    {
      kind: 'purchase key',
      makes: true,
      asking: (key) => post('/api/v1/credits', { amount_usd: '1', mode: 'test', idempotency_key: key }),
    },
  ],
  'GET /api/v1/balance': nothing({ path: '/api/v1/balance' }),
  'GET /api/v1/audit': [{ kind: 'nothing', asking: { path: '/api/v1/audit' }, reads: true }],
  'GET /api/v1/providers/health': nothing({ path: '/api/v1/providers/health' }),

  'GET /api/v1/models': nothing({ path: '/api/v1/models' }),
  'GET /api/v1/models/count': nothing({ path: '/api/v1/models/count' }),
  'GET /api/v1/models/user': nothing({ path: '/api/v1/models/user' }),
  'GET /api/v1/model/:author/:slug': named((name) => `/api/v1/model/google/${name}`),
  'GET /api/v1/models/:author/:slug/endpoints': named((name) => `/api/v1/models/google/${name}/endpoints`),
  'GET /api/v1/images/models': nothing({ path: '/api/v1/images/models' }),
  'GET /api/v1/images/models/:author/:slug/endpoints': named(
    (name) => `/api/v1/images/models/google/${name}/endpoints`,
  ),
  'GET /api/v1/providers': nothing({ path: '/api/v1/providers' }),
  'GET /api/v1/offers': nothing({ path: '/api/v1/offers' }),
  'GET /v1/models': nothing({ path: '/v1/models' }),
  'GET /v1/models/:id': named((name) => `/v1/models/${name}`),
  'GET /v1/models/:author/:slug': named((name) => `/v1/models/google/${name}`),

  'GET /health': nothing({ path: '/health' }),
  'GET /ready': nothing({ path: '/ready' }),
  'GET /metrics': nothing({ path: '/metrics' }),
  'GET /openapi.json': nothing({ path: '/openapi.json' }),
}

function nothing(asking: Asking): readonly Feed[] {
  return [{ kind: 'nothing', asking }]
}

/** A place for the name of something public: whatever is private is not found there. */
function named(path: (name: string) => string): readonly Feed[] {
  return [{ kind: 'anything', asking: (name) => ({ path: path(query(name)) }) }]
}

function buying(path: string): Feed {
  return {
    kind: 'purchase key',
    makes: true,
    asking: (key) => ({ ...post(path, purchase(path, 'a bison')), headers: { 'idempotency-key': key } }),
  }
}

function post(path: string, body: object): Asking {
  return { method: 'POST', path, body }
}

function picturePath(id: string, index: number): string {
  return `/api/v1/generations/${query(id)}/images/${index}`
}

function withReference(url: string): object {
  return { model: MODEL, prompt: 'a bison', input_references: picture(url) }
}

function picture(url: string): readonly object[] {
  return [{ type: 'image_url', image_url: { url } }]
}

function preflight(): Readonly<Record<string, string>> {
  return { origin: 'https://app.test', 'access-control-request-method': 'GET' }
}
