import type { Model } from '../model.ts'
import { alibaba } from './alibaba.ts'
import { amazon } from './amazon.ts'
import { bytedance } from './bytedance.ts'
import { flux1 } from './flux-1.ts'
import { flux2 } from './flux-2.ts'
import { google } from './google.ts'
import { ideogram } from './ideogram.ts'
import { imagen } from './imagen.ts'
import { microsoft } from './microsoft.ts'
import { midjourney } from './midjourney.ts'
import { openWeights } from './open-weights.ts'
import { openai } from './openai.ts'
import { openaiOther } from './openai-other.ts'
import { qwen } from './qwen.ts'
import { recraft } from './recraft.ts'
import { sourceful } from './sourceful.ts'
import { stability } from './stability.ts'
import { studios } from './studios.ts'
import { tencent } from './tencent.ts'
import { xai } from './xai.ts'

/** Every model, makers in the order in which a listing shows them. */
export const allModels: readonly Model[] = [
  ...google,
  ...imagen,
  ...openai,
  ...openaiOther,
  ...flux2,
  ...flux1,
  ...bytedance,
  ...qwen,
  ...alibaba,
  ...xai,
  ...recraft,
  ...ideogram,
  ...stability,
  ...sourceful,
  ...microsoft,
  ...tencent,
  ...amazon,
  ...midjourney,
  ...studios,
  ...openWeights,
]
