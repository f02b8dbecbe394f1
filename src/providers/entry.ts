import type { Format } from '../core/image-request.ts'
import type { Upstream } from './http.ts'
import type { Provider } from './provider.ts'

/** Stands for a credential where a provider of the operator's own asks for none: no header is sent then. */
export const NO_CREDENTIAL = 'none'

/** Everything that the rest of the house has to know of a provider before it is called. */
export interface ProviderEntry {
  /** Display name, as OpenRouter writes it. */
  readonly name: string
  /** The middle of the operator's settings: `GOOGLE` in `PLANTAIN_GOOGLE_BASE_URL`. */
  readonly settings: string
  /** Environment names of the credential, the ones the provider's own clients use; the first that is set wins. */
  readonly credentials: readonly string[]
  /** Without a trailing slash. Undefined: only the operator knows it, and has to set it. */
  readonly baseUrl: string | undefined
  /** It asks for no credential unless one is set. Only where there is no base URL, which then is what configures it. */
  readonly keyless?: boolean
  /** Calls at a time to each place, where more would only wait for each other there. */
  readonly inFlight?: number
  /** Keys of `provider.options.<id>` that are sent on; others are warned about, or refused under `require_parameters`. */
  readonly passThrough: readonly string[]
  readonly traits: Traits
  make(upstream: Upstream): Provider
}

/**
 * What an adapter can do, whatever its models could. Routing goes by it, docs/providers.md is made of it, and the contract suite
 * compares it with what the adapter sends.
 */
export interface Traits {
  readonly edits: boolean
  readonly mask: boolean
  readonly seed: boolean
  readonly negativePrompt: boolean
  /** Pictures that one paid call can be asked for. */
  readonly mostPerCall: number
  /** Pictures that a call with these options makes, where they decide it whatever the model: an upscale makes one. */
  makes?(options: Readonly<Record<string, unknown>>): number | undefined
  /** Formats that it can be asked for. Empty: the model's own, whatever is wished; another is made here. */
  readonly formats: readonly Format[]
  /** What is told of a call under way. */
  readonly progress: 'none' | 'queue' | 'fraction' | 'previews'
  /** Where the cost of a call comes from: the answer's own money, its tokens at the catalogue's price, or the list price alone. */
  readonly cost: 'reported' | 'tokens' | 'list price'
  /** How the provider refuses what its rules forbid, in a few words: `200 with finish_reason CONTENT_FILTERED`. */
  readonly refusal: string
  /** The vendor's own client from npm that has driven the simulator; null where there is none. */
  readonly client: string | null
  /** Where the wire format was read, and when. */
  readonly source: string
}
