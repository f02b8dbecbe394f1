import type { BillReport } from '../../src/sandbox/bill.ts'
import type { Detail } from '../../src/sandbox/painter.ts'
import { ROOT, startNode } from './child.ts'

/** The sandbox in a process of its own: what a gateway with live keys takes for the provider. */
export interface Simulator {
  /** For `PLANTAIN_GOOGLE_BASE_URL`. */
  readonly google: string
  /** For `PLANTAIN_OPENROUTER_BASE_URL`. */
  readonly openrouter: string
  /** For `PLANTAIN_FAL_BASE_URL`. */
  readonly fal: string
  /** Every provider's base URL by its slug. */
  readonly baseUrls: Readonly<Record<string, string>>
  readonly bill: () => Promise<BillReport>
  readonly reset: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** `refuse` answers for shut-down models as their makers do now, `serve` as they once did; `fine` pictures weigh what real ones do. */
export async function startSimulator(retired: 'serve' | 'refuse', pictures: Detail = 'coarse'): Promise<Simulator> {
  const program = `
    import { startSandbox } from ${JSON.stringify(`${ROOT}/src/sandbox/simulators.ts`)}
    const sandbox = await startSandbox(${JSON.stringify({ retired, pictures })})
    const urls = sandbox.simulated.map(({ provider }) => [provider, sandbox.baseUrlFor(provider)])
    console.log('sandbox at ' + sandbox.url + ' ' + JSON.stringify(Object.fromEntries(urls)))`
  const child = await startNode(['--input-type=module', '-e', program], {}, /sandbox at (\S+) (\S+)/)
  const [, url = '', urls = '{}'] = child.ready
  return {
    google: `${url}/google-ai-studio`,
    openrouter: `${url}/openrouter/api/v1`,
    fal: `${url}/fal`,
    baseUrls: JSON.parse(urls) as Record<string, string>,
    bill: async () => (await (await fetch(`${url}/_sandbox/bill`)).json()) as BillReport,
    reset: async () => void (await fetch(`${url}/_sandbox/reset`, { method: 'POST' })),
    stop: async () => void (await child.end()),
  }
}
