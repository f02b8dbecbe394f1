import sharp from 'sharp'

import type { Faults } from '../faults.ts'
import { sha256 } from '../network-faults.ts'

export interface StoredPicture {
  readonly bytes: Buffer
  readonly width: number
  readonly height: number
  readonly sha256: string
  readonly type: string
  /** Those of the job that made it. */
  readonly faults: Faults
  /** Told when it was fetched whole. */
  readonly delivered: (complete: boolean) => void
  downloads: number
}

/** ComfyUI's three directories. */
export const DIRECTORIES = ['input', 'temp', 'output'] as const

export interface FileName {
  readonly filename: string
  readonly subfolder: string
  readonly type: string
}

const FILES_KEPT = 300

export type Store = ReturnType<typeof makeStore>

/** What lies in them. The oldest files go where a real disk would have room for more. */
export function makeStore() {
  const files = new Map<string, StoredPicture>()

  return {
    put(name: FileName, picture: StoredPicture): void {
      files.set(keyOf(name), picture)
      for (const oldest of files.keys()) {
        if (files.size <= FILES_KEPT) break
        files.delete(oldest)
      }
    },
    find: (name: FileName): StoredPicture | undefined => files.get(keyOf(name)),
    /** By a name as a graph writes it: below `input`, unless it says another directory in brackets. */
    annotated(text: string): StoredPicture | undefined {
      const [, path = '', type = 'input'] = /^(.*?)(?: \[(input|temp|output)\])?$/su.exec(text) ?? []
      const cut = path.lastIndexOf('/')
      return files.get(keyOf({ filename: path.slice(cut + 1), subfolder: path.slice(0, Math.max(0, cut)), type }))
    },
    /** An upload; undefined when it is no picture. The name is changed where another picture has it. */
    async upload(name: FileName, bytes: Buffer): Promise<FileName | undefined> {
      const metadata = await sharp(bytes)
        .metadata()
        .catch(() => undefined)
      if (metadata?.width === undefined || metadata.height === undefined) return undefined
      const { width, height, format } = metadata
      const facts = { bytes, width, height, sha256: sha256(bytes), type: `image/${format}` }
      let free = name
      for (let n = 1; files.has(keyOf(free)) && files.get(keyOf(free))?.sha256 !== facts.sha256; n += 1) {
        free = { ...name, filename: name.filename.replace(/(\.\w+)?$/u, ` (${n})$1`) }
      }
      this.put(free, { ...facts, faults: {}, delivered: () => {}, downloads: 0 })
      return free
    },
  }
}

function keyOf({ filename, subfolder, type }: FileName): string {
  return `${type}/${subfolder}/${filename}`
}
