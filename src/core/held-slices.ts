import { withoutWhiteSpace } from './base64.ts'
import { JsonBlob, type Intake, type Spilled, type Spilling } from './json-blob.ts'
import type { Hold, PictureMemory } from './picture-memory.ts'

/** Bytes worth leaving memory for. */
const MOVED_BYTES = 64 * 1024

/**
 * The slices of one blob while it arrives. They stay in memory, counted, for as long as the process's budget has room. Past it, a
 * picture that an intake writes down anyway is read from there later, and any other one goes to the spill.
 */
export class HeldSlices {
  readonly #memory: PictureMemory | undefined
  readonly #hold: Hold | undefined
  #slices: Buffer[] = []
  #bytes = 0
  #spilling: Spilling | undefined
  /** Set once the slices were let go of: where the intake has the picture. */
  #elsewhere: Spilled | undefined

  /** Without `memory` everything is held and nothing counted. */
  constructor(memory: PictureMemory | undefined) {
    this.#memory = memory
    this.#hold = memory?.hold()
  }

  get slices(): readonly Buffer[] {
    return this.#slices
  }

  /** Whether some of it has left memory. */
  get isMoved(): boolean {
    return this.#spilling !== undefined || this.#elsewhere !== undefined
  }

  add(slice: Buffer): void {
    if (this.#elsewhere !== undefined) return
    this.#slices.push(slice)
    this.#count(this.#bytes + slice.length)
  }

  /** Puts others in the place of what is in memory. */
  replace(slices: Buffer[]): void {
    this.#slices = slices
    this.#count(slices.reduce((total, slice) => total + slice.length, 0))
  }

  /** Once all that was added has reached the intake. Takes the slices out of memory if that is full, or some of them went already. */
  async relieve(intake: Intake | undefined, isLast: boolean, isSpaced = false): Promise<void> {
    const memory = this.#memory
    if (memory === undefined || this.#bytes === 0) return
    if (this.#bytes < MOVED_BYTES && !(isLast && this.isMoved)) return
    if (!memory.isFull && !this.isMoved) return
    const slices = this.#slices
    this.replace([])
    if (this.#spilling === undefined) this.#elsewhere = intake?.elsewhere
    if (this.#elsewhere !== undefined) return
    this.#spilling ??= memory.spill()
    await this.#spilling.write(isSpaced ? slices.map(withoutWhiteSpace) : slices)
  }

  /** Nobody will want it: what is in memory is not counted any more, what was spilled is removed. */
  drop(): void {
    this.#slices = []
    this.#hold?.release()
    this.#spilling?.drop()
  }

  /** All that was added, in the given form; `binary` where the intake has it. */
  blob(form: JsonBlob['form'], mediaType: string | undefined, intake: Intake | undefined, isSpaced = false): JsonBlob {
    const spilled = this.#elsewhere ?? this.#spilling
    return new JsonBlob(this.#elsewhere === undefined ? form : 'binary', this.#slices, mediaType, intake, {
      spilled,
      spaced: isSpaced && spilled === undefined,
      hold: this.#hold,
    })
  }

  #count(bytes: number): void {
    this.#bytes = bytes
    this.#hold?.set(bytes)
  }
}
