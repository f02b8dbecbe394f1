import type { JsonValue } from '../../core/json-blob.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { read, type SlotValue, slotsIn } from './slots.ts'
import flux1Edit from './workflows/flux1-edit.json' with { type: 'json' }
import flux1Inpaint from './workflows/flux1-inpaint.json' with { type: 'json' }
import flux1 from './workflows/flux1.json' with { type: 'json' }
import qwenImageEdit2 from './workflows/qwen-image-edit-2.json' with { type: 'json' }
import qwenImageEdit3 from './workflows/qwen-image-edit-3.json' with { type: 'json' }
import qwenImageEdit from './workflows/qwen-image-edit.json' with { type: 'json' }
import qwenImage from './workflows/qwen-image.json' with { type: 'json' }
import sd35Edit from './workflows/sd3.5-edit.json' with { type: 'json' }
import sd35Inpaint from './workflows/sd3.5-inpaint.json' with { type: 'json' }
import sd35 from './workflows/sd3.5.json' with { type: 'json' }
import sdxlEdit from './workflows/sdxl-edit.json' with { type: 'json' }
import sdxlInpaint from './workflows/sdxl-inpaint.json' with { type: 'json' }
import sdxl from './workflows/sdxl.json' with { type: 'json' }

/** Workflows that belong together: one model, asked in several ways. */
export interface Template {
  /** From words alone; undefined: it only edits. */
  readonly fromText: JsonValue | undefined
  /** With one reference, with two, and so on. */
  readonly fromPictures: readonly JsonValue[]
  /** With a reference and a mask over it. */
  readonly fromMask?: JsonValue
  /** Side in pixels of a square picture, as the model was trained. */
  readonly side: number
  /** Sides are multiples of it. */
  readonly step: number
}

/** Graphs: ComfyUI's own examples and node definitions (https://github.com/Comfy-Org/ComfyUI, read 2026-11-22). */
const TEMPLATES: Readonly<Record<string, Template>> = {
  sdxl: { fromText: sdxl, fromPictures: [sdxlEdit], fromMask: sdxlInpaint, side: 1024, step: 8 },
  'sd3.5': { fromText: sd35, fromPictures: [sd35Edit], fromMask: sd35Inpaint, side: 1024, step: 16 },
  flux1: { fromText: flux1, fromPictures: [flux1Edit], fromMask: flux1Inpaint, side: 1024, step: 16 },
  'qwen-image': { fromText: qwenImage, fromPictures: [], side: 1328, step: 16 },
  'qwen-image-edit': {
    fromText: undefined,
    fromPictures: [qwenImageEdit, qwenImageEdit2, qwenImageEdit3],
    side: 1024,
    step: 16,
  },
}

/** What a route's model id says: `sdxl?ckpt_name=juggernautXL_v9.safetensors&steps=40`. */
export interface ComfyModel {
  readonly template: Template
  /** The operator's values for slots. */
  readonly settings: Readonly<Record<string, SlotValue>>
  /** Whether callers may send workflows of their own: a graph can run every node that is installed. */
  readonly takesWorkflows: boolean
}

/** The error is one sentence for the operator. */
export function readModel(id: string): Result<ComfyModel, string> {
  const [name = '', query = ''] = id.split(/\?(.*)/s)
  const template = Object.hasOwn(TEMPLATES, name) ? TEMPLATES[name] : undefined
  if (template === undefined) {
    const known = Object.keys(TEMPLATES).join(', ')
    return err(`ComfyUI has no workflow template ${JSON.stringify(name.slice(0, 100))} here. There are: ${known}.`)
  }
  const { workflow, ...given } = Object.fromEntries(new URLSearchParams(query))
  const known = new Set(graphsOf(template).flatMap((graph) => [...slotsIn(graph)]))
  const stray = Object.keys(given).find((slot) => !known.has(slot))
  if (stray !== undefined) return err(`The route sets ${stray}, and the template ${name} has no such slot.`)
  if (workflow !== undefined && workflow !== 'allow') return err('The route sets workflow to something but allow.')
  const settings = Object.fromEntries(Object.entries(given).map(([slot, text]) => [slot, read(text)]))
  return ok({ template, settings, takesWorkflows: workflow === 'allow' })
}

function graphsOf({ fromText, fromPictures, fromMask }: Template): readonly JsonValue[] {
  return [fromText, ...fromPictures, fromMask].filter((graph) => graph !== undefined)
}
