import type { Handler, SimulatorOptions } from '../simulator.ts'
import { deepinfraSimulator } from './deepinfra.ts'
import { sglangSimulator, vllmSimulator } from './engines.ts'
import { localaiSimulator } from './localai.ts'
import { plainSimulator } from './plain.ts'
import { sdCppSimulator } from './sd-cpp.ts'
import { togetherSimulator } from './together.ts'

interface Simulator {
  make(options: SimulatorOptions): Handler
  readonly basePath: string
}

/** Every server that speaks OpenAI's Images API, by the slug of its provider. */
export const OPENAI_COMPATIBLE_SIMULATORS: Readonly<Record<string, Simulator>> = {
  together: { make: togetherSimulator, basePath: '/v1' },
  deepinfra: { make: deepinfraSimulator, basePath: '/v1' },
  vllm: { make: vllmSimulator, basePath: '/v1' },
  sglang: { make: sglangSimulator, basePath: '/v1' },
  localai: { make: localaiSimulator, basePath: '/v1' },
  'sd-cpp': { make: sdCppSimulator, basePath: '/v1' },
  'openai-compatible': { make: plainSimulator, basePath: '/v1' },
}
