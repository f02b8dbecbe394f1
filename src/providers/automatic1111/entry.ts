import type { ProviderEntry } from '../entry.ts'
import { makeAutomatic1111 } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

export const AUTOMATIC1111: ProviderEntry = {
  name: 'AUTOMATIC1111',
  settings: 'SD_WEBUI',
  // As the program's own `--api-auth` has it: `user:password`.
  credentials: ['SD_WEBUI_API_AUTH'],
  baseUrl: undefined,
  keyless: true,
  // A lock of its own lets one picture be made at a time; the others wait with their sockets open.
  inFlight: 1,
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: true,
    seed: true,
    negativePrompt: true,
    // More than this rarely fit into the memory of one GPU.
    mostPerCall: 4,
    formats: [],
    progress: 'previews',
    cost: 'list price',
    refusal: 'never: a machine of one’s own has no rules but its operator’s',
    client: null,
    source: 'https://github.com/AUTOMATIC1111/stable-diffusion-webui modules/api and SD.Next’s, read 2026-11-22',
  },
  make: makeAutomatic1111,
}
