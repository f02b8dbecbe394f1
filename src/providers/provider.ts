import type { Clock } from '../core/clock.ts'
import type { ImageRequest } from '../core/image-request.ts'
import type { Intake, JsonBlob, OpenIntake } from '../core/json-blob.ts'
import type { Nanos } from '../core/money.ts'
import type { Progress, TokenUsage } from '../core/receipt.ts'
import type { Result } from '../core/result.ts'

/** One image provider. A directory of its own, a line in registry.ts and rows in the catalogue are all that a new one touches. */
export interface Provider {
  /** OpenRouter's slug: `google-ai-studio`. */
  readonly id: string
  /** Exactly one paid upstream call, to its end (submit and wait, where the provider works so). No retries, no defaults of its own. Fan-out over n is the engine's. */
  generate(request: ImageRequest, call: Call): Promise<Result<Generated, UpstreamFailure>>
  /** Async providers: the rest of a call whose upstream id was committed. Never submits. */
  resume?(upstreamId: string, request: ImageRequest, call: Call): Promise<Result<Generated, UpstreamFailure>>
  cancel?(upstreamId: string, call: Call): Promise<'cancelled' | 'too_late'>
  /**
   * The cheapest question that tells a good credential from a bad one, and costs nothing: what it found, in words ("4.20 USD left").
   * Never `paid`.
   */
  check?(call: Call): Promise<Result<string, UpstreamFailure>>
}

/** Everything one upstream call may use. Made by the engine for each attempt. */
export interface Call {
  /** The provider's own id of the model, from the route. */
  readonly model: string
  /** Where requests go, without a trailing slash. The credential is sent to this origin alone. */
  readonly baseUrl: string
  readonly credential: string
  /** Further origins that the operator has named, `https://v3.fal.media`: pictures are downloaded from them as from the base URL's own. */
  readonly deliveryOrigins?: readonly string[]
  /** Aborts when the deadline has passed; nothing else aborts it. */
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Milliseconds left until the deadline. */
  remainingMs(): number
  /** Longest wait for the status line of the paid request. Absent: until the deadline. */
  readonly headersMs?: number
  /** Durable before it resolves; awaited before the first poll. */
  submitted(upstreamId: string): Promise<void>
  progress(event: Progress): void
  /** Lets the asset store watch pictures while they arrive. Adapters name their picture fields; the shared HTTP functions pass this on. */
  readonly intake: OpenIntake
  /** The same for a picture that is downloaded: its bytes come as they are, not as base64. */
  readonly intakeBytes: () => Intake
  /**
   * Called once, when the first byte of the paid request is about to be written: from here on it may cost something. The shared HTTP
   * functions call it; a call that ends without it has certainly not reached anybody.
   */
  departing(): void
  /** Work on pixels, done where pictures are decoded. Absent: nobody does it, and pictures go and come as they are. */
  readonly pixels?: Pixels
  /** Where the provider may tell that a job has changed, if this gateway can be reached from outside. What it says there is not believed. */
  readonly hook?: Hook
}

export interface Pixels {
  /**
   * The first `count` of the equal parts of a picture that came as one, row by row, as PNG and to the pixel. The picture itself is then
   * done with. The error is a sentence, and the picture is as it was.
   */
  split(picture: JsonBlob, columns: number, rows: number, count: number): Promise<Result<readonly JsonBlob[], string>>
  /**
   * A request's mask for providers that want black and white: `marked` where the picture may be repainted, the opposite elsewhere. A
   * mask without transparency is taken to be white there. The error is a sentence.
   */
  stencil(mask: JsonBlob, marked: 'black' | 'white'): Promise<Result<JsonBlob, string>>
}

export interface Hook {
  /** An address of this call's own, with a secret in it. */
  readonly url: string
  /** Resolves when it was called since the last time this was asked. */
  called(): Promise<void>
}

export interface Generated {
  /** Usable candidates, thoughts and drafts already dropped; the engine takes what was asked for. */
  readonly images: readonly GeneratedImage[]
  readonly text?: string
  /** Absent when the provider reported none. */
  readonly usage?: TokenUsage
  /** Money the provider itself reported. */
  readonly cost?: Nanos
  readonly upstreamId?: string
  readonly modelVersion?: string
  readonly nativeFinishReason?: string
}

export interface GeneratedImage {
  readonly blob: JsonBlob
  /** The provider's own label; the bytes decide. */
  readonly mediaType?: string
  /** Opaque; comes back as `Picture.continuation` when the caller sends this picture again. */
  readonly continuation?: string
}

export interface UpstreamFailure {
  /**
   * `rejected`: the request is at fault. `refused`: safety rules. `rate_limited`: not now. `unauthorized`: the credential.
   * `unavailable`: the provider or the way to it. `no_image`: an answer without a usable picture. `timeout`: the deadline passed.
   */
  readonly kind: 'rejected' | 'refused' | 'rate_limited' | 'unauthorized' | 'unavailable' | 'no_image' | 'timeout'
  /** Whether the provider charges for it, by its documents. */
  readonly billed: 'no' | 'yes' | 'unknown'
  /** HTTP status of the answer, where there was one. */
  readonly status?: number
  readonly retryAfterMs?: number
  /** One sentence in words, the provider's own reason in it. */
  readonly message: string
  /** The provider's own code, `RESOURCE_EXHAUSTED`. */
  readonly code?: string
  /** The answer as it came, at most 4 KiB. */
  readonly raw: string
  readonly upstreamId?: string
  /** Reported usage of an answer that gave no picture: the operator's loss. */
  readonly usage?: TokenUsage
  /** Money that the provider reported for it. */
  readonly cost?: Nanos
  readonly modelVersion?: string
}
