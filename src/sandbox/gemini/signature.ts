import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** Not a secret: signatures only have to be hard to invent by accident, and to survive a restart between two turns. */
const KEY = 'plantain sandbox'
const SIGNATURE_BYTES = 640

/** What the model attaches to a part, to be sent back with it: bound to the model and to the part's own bytes. Opaque base64, as at Google. */
export function signatureFor(model: string, part: Buffer | string): string {
  const digest = createHash('sha256').update(part).digest()
  const seal = createHmac('sha256', KEY).update(`${model}\n`).update(digest).digest()
  const filler: Buffer[] = []
  for (let block = 0; block < SIGNATURE_BYTES / 32; block++) {
    filler.push(createHmac('sha256', seal).update(String(block)).digest())
  }
  return Buffer.concat([Buffer.from([0x12, 0x99, 0x02]), ...filler]).toString('base64')
}

/** Whether this signature was issued for these bytes by this model, in either base64 alphabet. */
export function isGenuine(signature: string, model: string, part: Buffer | string): boolean {
  const given = Buffer.from(signature, 'base64')
  const issued = Buffer.from(signatureFor(model, part), 'base64')
  return given.length === issued.length && timingSafeEqual(given, issued)
}
