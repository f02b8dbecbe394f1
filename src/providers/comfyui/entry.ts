import type { ProviderEntry } from '../entry.ts'
import { makeComfyUi } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

export const COMFYUI: ProviderEntry = {
  name: 'ComfyUI',
  settings: 'COMFYUI',
  // For a proxy in front of it; ComfyUI has no name for one, as it has no client of its own.
  credentials: ['COMFYUI_API_KEY'],
  baseUrl: undefined,
  keyless: true,
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
    source: 'https://github.com/Comfy-Org/ComfyUI server.py, execution.py and nodes.py, read 2026-11-22',
  },
  make: makeComfyUi,
}
