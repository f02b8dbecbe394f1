import type { ModelRoute, Pricing, RouteFacts } from '../model.ts'

/** What a picture costs on a machine of the operator's own: nothing that anybody could put on a bill. */
export const OWN_MACHINE: Pricing = {
  basis: 'free',
  version: '2026-11-22.1',
  confidence: 'high',
  entries: [{ billable: 'output_image', unit: 'image', usd: '0' }],
  note: 'Made on a machine of the operator’s own.',
}

/** What diffusion engines make of any model: whatever size, several at a time, as the documents of vLLM-Omni and SGLang-Diffusion say. */
const ENGINE: RouteFacts = {
  aspectRatios: 'any',
  tiers: ['512', '1K', '2K'],
  sizes: { kind: 'range', multipleOf: 16 },
  maxNPerCall: 10,
  formats: ['png', 'jpeg', 'webp'],
  supports: { seed: true, negativePrompt: true },
}

/** Routes to engines that serve a model under its name on the Hugging Face Hub, once the operator has started one with it. */
export function onEngines(
  model: string,
  engines: readonly ('vllm' | 'sglang')[],
  more: RouteFacts = {},
): readonly ModelRoute[] {
  return engines.map((provider) => ({ provider, model, pricing: OWN_MACHINE, differs: { ...ENGINE, ...more } }))
}

/** Models of LocalAI's gallery by their names there. It takes no seed, and knows one format. */
export function onLocalAi(model: string): ModelRoute {
  const differs = { ...ENGINE, formats: ['png'], modes: ['generate'], maxReferences: 0 } as const satisfies RouteFacts
  return { provider: 'localai', model, pricing: OWN_MACHINE, differs }
}

/** What the shipped workflows make: one reference and a mask over it, any size in steps of a latent's cells, PNG. */
const WORKFLOW: RouteFacts = {
  modes: ['generate', 'edit'],
  maxReferences: 1,
  aspectRatios: 'any',
  tiers: ['512', '1K', '2K'],
  sizes: { kind: 'range', multipleOf: 16 },
  maxNPerCall: 4,
  formats: ['png'],
  supports: { mask: true, seed: true, negativePrompt: true, streaming: true },
}

/** A route to ComfyUI by one of the shipped templates, with the files and settings that this model needs behind its name. */
export function onComfyUi(template: string, more: RouteFacts = {}): ModelRoute {
  const supports = { ...WORKFLOW.supports, ...more.supports }
  return { provider: 'comfyui', model: template, pricing: OWN_MACHINE, differs: { ...WORKFLOW, ...more, supports } }
}

/** A route to AUTOMATIC1111's web UI by a checkpoint, with the size that it was made for, which the program does not know. */
export function onWebUi(checkpoint: string): ModelRoute {
  const differs = { ...WORKFLOW, sizes: { kind: 'range', multipleOf: 8 } } as const satisfies RouteFacts
  return { provider: 'automatic1111', model: checkpoint, pricing: OWN_MACHINE, differs }
}
