import type { PictureFacts } from '../core/image-request.ts'

/**
 * The disk for pictures failed: full, read-only, broken or gone. Thrown by the store, and nothing of the picture is left there;
 * distinct from a picture that is itself unusable.
 */
export class StorageTrouble extends Error {
  override readonly name = 'StorageTrouble'
  /** The file system's errno: `ENOSPC`, `EROFS`, `EIO`, `ENOENT` … `EWORKER` when the disk worker itself broke. */
  readonly code: string
  /** What the picture is, when it was whole and only could not be stored. */
  readonly picture: PictureFacts | undefined

  constructor(code: string, message: string, picture?: PictureFacts) {
    super(message)
    this.code = code
    this.picture = picture
  }
}
