/** As GET /sdapi/v1/sd-models lists them. */
export interface Checkpoint {
  readonly title: string
  readonly model_name: string
  readonly hash: string
  readonly sha256: string | null
  readonly filename: string
  readonly config: null
}

export const CHECKPOINTS: readonly Checkpoint[] = [
  checkpoint('v1-5-pruned-emaonly', '6ce0161689'),
  checkpoint('sd_xl_base_1.0', '31e35c80fc'),
  checkpoint('flux1-dev-bnb-nf4-v2', 'bea01d51bd'),
]

/** What was loaded when the program started. */
export const LOADED_FIRST: Checkpoint = checkpoint('v1-5-pruned-emaonly', '6ce0161689')

/** By name, file, title or hash, as sd_models.checkpoint_aliases has it. */
export function findCheckpoint(name: string): Checkpoint | undefined {
  return CHECKPOINTS.find((known) =>
    [known.model_name, known.title, known.hash, `${known.model_name}.safetensors`].includes(name),
  )
}

function checkpoint(name: string, hash: string): Checkpoint {
  const filename = `/app/models/Stable-diffusion/${name}.safetensors`
  return { title: `${name}.safetensors [${hash}]`, model_name: name, hash, sha256: null, filename, config: null }
}
