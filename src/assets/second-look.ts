import type { JsonBlob } from '../core/json-blob.ts'
import { decodedSlices } from './blob-bytes.ts'
import { PictureProbe, type Probed } from './probe.ts'
import { NO_END_MARKER } from './walk-jpeg.ts'

/**
 * Phones append films and depth maps to a JPEG, so that its end marker is far from the end of the file. Where the tail did not
 * show it, all of the picture is searched: rare, and cheaper than searching all of every picture.
 */
export async function secondLook(probed: Probed | undefined, blob: JsonBlob): Promise<Probed | undefined> {
  if (probed?.fault !== NO_END_MARKER) return probed
  const probe = new PictureProbe({ scan: true })
  for await (const bytes of decodedSlices(blob)) probe.write(bytes)
  return probe.end()
}
