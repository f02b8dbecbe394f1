import type { ProviderEntry } from '../entry.ts'
import { makeDashScope } from './provider.ts'
import { PASS_THROUGH } from './request.ts'

/**
 * The base URL decides the region, and a key is good in one region alone. Singapore is the default, because the catalogue's prices are
 * that region's, in dollars; whoever has a key of mainland China sets https://dashscope.aliyuncs.com, and a workspace of its own is
 * `https://{workspace}.{region}.maas.aliyuncs.com`.
 */
export const DASHSCOPE: ProviderEntry = {
  name: 'Alibaba',
  settings: 'DASHSCOPE',
  credentials: ['DASHSCOPE_API_KEY'],
  baseUrl: 'https://dashscope-intl.aliyuncs.com',
  passThrough: PASS_THROUGH,
  traits: {
    edits: true,
    mask: false,
    seed: true,
    negativePrompt: true,
    mostPerCall: 6,
    formats: [],
    progress: 'queue',
    cost: 'list price',
    refusal: '400 with code DataInspectionFailed, of a task the same code in its output with 200',
    client: null,
    source:
      'https://www.alibabacloud.com/help/en/model-studio, in excerpts, and Alibaba’s Python SDK dashscope, read 2026-11-22',
  },
  make: makeDashScope,
}
