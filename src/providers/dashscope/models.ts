import type { Tier } from '../../core/image-request.ts'

/**
 * How a model is asked. `messages`: one call that waits for the pictures. The others are tasks, which are submitted and asked after;
 * where a model can be asked either way it is a task, as a broken connection then loses no picture that was paid for.
 */
export type Form = 'messages' | 'message task' | 'prompt task' | 'picture task'

/**
 * What the API reference pages say of each family. Sources: qwen-image-api, qwen-image-generation-and-editing-api-reference,
 * wan-image-generation-and-editing-api-reference and text-to-image-v2-api-reference below
 * https://www.alibabacloud.com/help/en/model-studio, in excerpts, and what Alibaba's own Python SDK sends (read 2026-11-22).
 */
export interface DashScopeModel {
  readonly form: Form
  readonly generates: boolean
  readonly references: number
  /** Pictures of one call. */
  readonly most: number
  /** Its own number of pictures is several, or not certain to be one, and each is charged: whoever says none wants one. */
  readonly manyByDefault: boolean
  readonly negates: boolean
  /** `prompt_extend` is off by itself, and doubles the price. */
  readonly rewritesDearly: boolean
  readonly shape: Shape
}

export type Shape =
  /** The only sizes it makes, by ratio; they count as 1K. */
  | { readonly fixed: Readonly<Record<string, string>> }
  /** Any size. `side`: of a square picture where a ratio comes without a tier, as large as the model's own. */
  | {
      readonly side: number
      readonly tiers: readonly Tier[]
      /** Takes the tier itself for a size, and chooses the shape. */
      readonly words: boolean
    }

const FIVE_SIZES: Shape = {
  fixed: { '16:9': '1664*928', '4:3': '1472*1104', '1:1': '1328*1328', '3:4': '1104*1472', '9:16': '928*1664' },
}

const QWEN: DashScopeModel = {
  form: 'messages',
  generates: true,
  references: 3,
  most: 6,
  manyByDefault: false,
  negates: true,
  rewritesDearly: false,
  shape: { side: 1024, tiers: ['1K', '2K'], words: false },
}

const QWEN_2: DashScopeModel = { ...QWEN, shape: { side: 2048, tiers: ['1K', '2K'], words: false } }
const QWEN_EDIT: DashScopeModel = { ...QWEN, generates: false }
const QWEN_1: DashScopeModel = { ...QWEN, references: 0, most: 1, shape: FIVE_SIZES }

/** Version 2.7 knows no `negative_prompt`; that of 2.6 is not told apart from it here. */
const WAN_IMAGE: DashScopeModel = {
  ...QWEN,
  form: 'message task',
  references: 9,
  most: 4,
  manyByDefault: true,
  negates: false,
  shape: { side: 2048, tiers: ['1K', '2K'], words: true },
}

const WAN_TEXT: DashScopeModel = {
  ...QWEN,
  form: 'prompt task',
  references: 0,
  most: 4,
  manyByDefault: true,
  shape: { side: 1024, tiers: ['1K'], words: false },
}

/** The first that fits the beginning of an id: dated snapshots are asked as their family is. */
const FAMILIES: readonly (readonly [id: RegExp, model: DashScopeModel])[] = [
  [/^qwen-image-3/, QWEN],
  [/^qwen-image-2\.1/, { ...QWEN, references: 10 }],
  [/^qwen-image-2/, QWEN_2],
  [/^qwen-image-edit-(plus|max)/, QWEN_EDIT],
  [/^qwen-image-edit/, { ...QWEN_EDIT, most: 1 }],
  [/^qwen-image-max/, QWEN_1],
  [/^qwen-image/, { ...QWEN_1, form: 'prompt task' }],
  [/^z-image/, { ...QWEN, references: 0, most: 1, negates: false, rewritesDearly: true }],
  [/^wan2\.7-image-pro/, { ...WAN_IMAGE, shape: { side: 2048, tiers: ['1K', '2K', '4K'], words: true } }],
  [/^wan2\.[67]-image/, WAN_IMAGE],
  [/^wan2\.6-t2i/, { ...WAN_TEXT, form: 'message task', shape: { side: 1280, tiers: ['1K'], words: false } }],
  [/^wan2\.5-i2i/, { ...WAN_TEXT, form: 'picture task', generates: false, references: 3 }],
  [/^wanx?\d/, WAN_TEXT],
]

/** An id that is not here is asked as the newest are. */
export function dashScopeModel(id: string): DashScopeModel {
  return FAMILIES.find(([family]) => family.test(id))?.[1] ?? QWEN
}
