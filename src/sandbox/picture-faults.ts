import { amount } from './faults.ts'
import type { Faults } from './faults.ts'
import type { Base64Form } from './picture-json.ts'

/** The bytes of a picture as the faults that concern its file leave them. */
export function damaged(painted: Buffer, faults: Faults): Buffer {
  const megabytes = amount(faults, 'oversize')
  if (megabytes !== undefined) {
    const missing = Math.round(megabytes * 1_000_000) - painted.length
    return missing > 0 ? Buffer.concat([painted, Buffer.alloc(missing, 'plantain')]) : painted
  }
  if ('corrupt-image' in faults) return painted.subarray(0, Math.floor((painted.length * 2) / 3))
  if ('not-an-image' in faults) return Buffer.alloc(painted.length, 'not a picture ')
  // A length that is no multiple of 3 is what padding needs; a byte behind the end harms no picture.
  if ('unpadded-base64' in faults && painted.length % 3 === 0) return Buffer.concat([painted, Buffer.alloc(1)])
  return painted
}

/** How the faults want a picture written into JSON. */
export function base64Form(faults: Faults): Base64Form {
  if (faults['bad-base64'] !== undefined) return faults['bad-base64'] === 'quantum' ? 'bad-quantum' : 'bad-character'
  if ('urlsafe-base64' in faults) return 'urlsafe'
  if ('unpadded-base64' in faults) return 'unpadded'
  return 'wrapped-base64' in faults ? 'wrapped' : 'standard'
}
