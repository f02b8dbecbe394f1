/**
 * ComfyUI's own nodes, as far as pictures of common models need them: what each takes and gives. Written from nodes.py and comfy_extras of
 * https://github.com/Comfy-Org/ComfyUI (read 2026-11-22). Not simulated: every other node, custom ones above all.
 */
export interface NodeClass {
  readonly required: Readonly<Record<string, InputRule>>
  readonly optional?: Readonly<Record<string, InputRule>>
  readonly gives: readonly Kind[]
  /** It ends a workflow; a graph without one makes nothing. */
  readonly isOutput?: boolean
}

/** What flows between nodes. */
export type Kind = 'MODEL' | 'CLIP' | 'VAE' | 'CONDITIONING' | 'LATENT' | 'IMAGE' | 'MASK'

export type InputRule =
  | { readonly is: 'link'; readonly kind: Kind }
  | { readonly is: 'INT' | 'FLOAT'; readonly min: number; readonly max: number }
  | { readonly is: 'STRING' }
  /** One of a list: of words, or of the files that are installed. */
  | { readonly is: 'list'; readonly of: readonly string[] }
  /** A picture in one of the directories: `name.png`, `folder/name.png [temp]`. */
  | { readonly is: 'picture' }

const MOST_PIXELS = 16_384

const CHECKPOINTS = [
  'sd_xl_base_1.0.safetensors',
  'sd3.5_large.safetensors',
  'sd3.5_large_turbo.safetensors',
  'sd3.5_medium.safetensors',
]
const DIFFUSION_MODELS = [
  'flux1-dev.safetensors',
  'flux1-schnell.safetensors',
  'qwen_image_fp8_e4m3fn.safetensors',
  'qwen_image_edit_2509_fp8_e4m3fn.safetensors',
]
const TEXT_ENCODERS = [
  'clip_g.safetensors',
  'clip_l.safetensors',
  'qwen_2.5_vl_7b_fp8_scaled.safetensors',
  't5xxl_fp16.safetensors',
]
const VAES = ['ae.safetensors', 'qwen_image_vae.safetensors']
const SAMPLERS = ['euler', 'euler_ancestral', 'heun', 'dpm_2', 'lms', 'dpmpp_2m', 'dpmpp_2m_sde', 'ddim', 'uni_pc']
const SCHEDULERS = ['simple', 'sgm_uniform', 'karras', 'exponential', 'ddim_uniform', 'beta', 'normal']

const WIDTH_AND_HEIGHT = { width: int(16, MOST_PIXELS), height: int(16, MOST_PIXELS) }
const EMPTY: NodeClass = { required: { ...WIDTH_AND_HEIGHT, batch_size: int(1, 4096) }, gives: ['LATENT'] }
const SHIFTED: NodeClass = { required: { model: link('MODEL'), shift: float(0, 100) }, gives: ['MODEL'] }

export const CLASSES: Readonly<Record<string, NodeClass>> = {
  CheckpointLoaderSimple: { required: { ckpt_name: list(CHECKPOINTS) }, gives: ['MODEL', 'CLIP', 'VAE'] },
  UNETLoader: {
    required: {
      unet_name: list(DIFFUSION_MODELS),
      weight_dtype: list(['default', 'fp8_e4m3fn', 'fp8_e4m3fn_fast', 'fp8_e5m2']),
    },
    gives: ['MODEL'],
  },
  CLIPLoader: {
    required: { clip_name: list(TEXT_ENCODERS), type: list(['stable_diffusion', 'sd3', 'qwen_image', 'flux2']) },
    optional: { device: list(['default', 'cpu']) },
    gives: ['CLIP'],
  },
  DualCLIPLoader: {
    required: {
      clip_name1: list(TEXT_ENCODERS),
      clip_name2: list(TEXT_ENCODERS),
      type: list(['sdxl', 'sd3', 'flux', 'hidream']),
    },
    optional: { device: list(['default', 'cpu']) },
    gives: ['CLIP'],
  },
  TripleCLIPLoader: {
    required: { clip_name1: list(TEXT_ENCODERS), clip_name2: list(TEXT_ENCODERS), clip_name3: list(TEXT_ENCODERS) },
    gives: ['CLIP'],
  },
  VAELoader: { required: { vae_name: list(VAES) }, gives: ['VAE'] },
  ModelSamplingSD3: SHIFTED,
  ModelSamplingAuraFlow: SHIFTED,
  CLIPTextEncode: { required: { clip: link('CLIP'), text: { is: 'STRING' } }, gives: ['CONDITIONING'] },
  TextEncodeQwenImageEditPlus: {
    required: { clip: link('CLIP'), prompt: { is: 'STRING' } },
    optional: { vae: link('VAE'), image1: link('IMAGE'), image2: link('IMAGE'), image3: link('IMAGE') },
    gives: ['CONDITIONING'],
  },
  FluxGuidance: { required: { conditioning: link('CONDITIONING'), guidance: float(0, 100) }, gives: ['CONDITIONING'] },
  ConditioningZeroOut: { required: { conditioning: link('CONDITIONING') }, gives: ['CONDITIONING'] },
  EmptyLatentImage: EMPTY,
  EmptySD3LatentImage: EMPTY,
  RepeatLatentBatch: { required: { samples: link('LATENT'), amount: int(1, 64) }, gives: ['LATENT'] },
  SetLatentNoiseMask: { required: { samples: link('LATENT'), mask: link('MASK') }, gives: ['LATENT'] },
  LoadImage: { required: { image: { is: 'picture' } }, gives: ['IMAGE', 'MASK'] },
  LoadImageMask: {
    required: { image: { is: 'picture' }, channel: list(['alpha', 'red', 'green', 'blue']) },
    gives: ['MASK'],
  },
  ImageScale: {
    required: {
      image: link('IMAGE'),
      upscale_method: list(['nearest-exact', 'bilinear', 'area', 'bicubic', 'lanczos']),
      width: int(0, MOST_PIXELS),
      height: int(0, MOST_PIXELS),
      crop: list(['disabled', 'center']),
    },
    gives: ['IMAGE'],
  },
  VAEEncode: { required: { pixels: link('IMAGE'), vae: link('VAE') }, gives: ['LATENT'] },
  VAEDecode: { required: { samples: link('LATENT'), vae: link('VAE') }, gives: ['IMAGE'] },
  KSampler: {
    required: {
      model: link('MODEL'),
      positive: link('CONDITIONING'),
      negative: link('CONDITIONING'),
      latent_image: link('LATENT'),
      seed: int(0, 2 ** 64),
      steps: int(1, 10_000),
      cfg: float(0, 100),
      sampler_name: list(SAMPLERS),
      scheduler: list(SCHEDULERS),
      denoise: float(0, 1),
    },
    gives: ['LATENT'],
  },
  SaveImage: {
    required: { images: link('IMAGE'), filename_prefix: { is: 'STRING' } },
    gives: ['IMAGE'],
    isOutput: true,
  },
  PreviewImage: { required: { images: link('IMAGE') }, gives: ['IMAGE'], isOutput: true },
}

function link(kind: Kind): InputRule {
  return { is: 'link', kind }
}

function list(of: readonly string[]): InputRule {
  return { is: 'list', of }
}

function int(min: number, max: number): InputRule {
  return { is: 'INT', min, max }
}

function float(min: number, max: number): InputRule {
  return { is: 'FLOAT', min, max }
}
