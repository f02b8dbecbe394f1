import type { Intake } from './json-blob.ts'

/** Slices on their way to the intakes of one document: in order, one at a time, waiting wherever an intake asks for it. */
export class IntakeQueue {
  #waiting: { readonly intake: Intake; readonly slice: Buffer | undefined }[] = []

  write(intake: Intake, slice: Buffer): void {
    this.#waiting.push({ intake, slice })
  }

  end(intake: Intake): void {
    this.#waiting.push({ intake, slice: undefined })
  }

  /** Aborts at once; what still waited for this intake is dropped. */
  abort(intake: Intake): void {
    this.#waiting = this.#waiting.filter((step) => step.intake !== intake)
    intake.abort()
  }

  /** Hands everything over. Undefined when nobody asked to wait. */
  drain(): Promise<void> | undefined {
    const steps = this.#waiting
    this.#waiting = []
    for (const [index, { intake, slice }] of steps.entries()) {
      const pause = slice === undefined ? intake.end() : intake.write(slice)
      if (pause !== undefined) return pause.then(() => this.#resume(steps.slice(index + 1)))
    }
    return undefined
  }

  async #resume(steps: readonly { readonly intake: Intake; readonly slice: Buffer | undefined }[]): Promise<void> {
    for (const { intake, slice } of steps) await (slice === undefined ? intake.end() : intake.write(slice))
  }
}
