import { isRefusal, type Refusal } from '../simulator.ts'
import { refused, submitted, type Submitted, unknownTask } from './answers.ts'
import { pressed } from './buttons.ts'
import { type Drawing, redrawn } from './drawing.ts'
import { maskOver, pictureOf } from './pictures.ts'
import { readPrompt } from './prompt.ts'
import { buttonsOf, type Kind, type Task } from './tasks.ts'

/** What a submission asks for, checked. */
export type Submission = Common &
  (
    | { readonly is: 'task'; readonly action: string; readonly drawing: Drawing; readonly id?: string }
    /** Taken all the same: it fails when Midjourney reads it. */
    | { readonly is: 'hopeless'; readonly failReason: string }
    /** Costs nothing: a task that waits for what its window is to be answered. */
    | { readonly is: 'window'; readonly drawing: Drawing }
    /** Costs nothing: there is such a task already. */
    | { readonly is: 'existing'; readonly answer: Submitted }
  )

interface Common {
  /** Where faults are asked for: of a button, none. */
  readonly text: string
  readonly botType: string
  readonly hook: string | undefined
  /** The button. */
  readonly customId?: string
}

/** The proxy's memory, as far as submissions look into it. */
export interface Memory {
  readonly kind: Kind
  /** A task, and whether it has succeeded. */
  find(id: string): { readonly task: Task; readonly hasPictures: boolean } | undefined
  /** The task that this button began before, where it can be pressed only once. */
  before(customId: string): Submitted | undefined
}

type Fields = Readonly<Record<string, unknown>>

const EVERYWHERE = ['notifyHook', 'state', 'accountFilter', 'remark'] as const

/** Fields by endpoint. The proxies pass over what they do not know; this one tells. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  imagine: ['prompt', 'base64Array', 'botType', ...EVERYWHERE],
  action: ['taskId', 'customId', 'enableRemix', ...EVERYWHERE],
  change: ['taskId', 'action', 'index', ...EVERYWHERE],
  modal: ['taskId', 'prompt', 'maskBase64', ...EVERYWHERE],
}

/** Whether this kind of proxy has `/mj/submit/<endpoint>`. */
export function hasEndpoint(endpoint: string, kind: Kind): boolean {
  return Object.hasOwn(FIELDS, endpoint) && (kind !== 'original' || endpoint === 'imagine' || endpoint === 'change')
}

/** Reads the body of a submission. */
export async function readSubmission(endpoint: string, body: unknown, memory: Memory): Promise<Submission | Refusal> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return refused(4, 'The body is no JSON object')
  const fields = FIELDS[endpoint] ?? []
  const unknown = Object.keys(body).find((name) => !fields.includes(name))
  if (unknown !== undefined) return refused(4, `The field ${unknown} is not one of ${fields.join(', ')}`)
  const given = body as Fields
  const { notifyHook: hook } = given
  if (hook !== undefined && (typeof hook !== 'string' || !URL.canParse(hook))) return refused(4, 'notifyHook is no URL')
  if (endpoint === 'imagine') return await readImagine(given, hook)
  const { taskId } = given
  if (typeof taskId !== 'string' || taskId === '') return refused(4, 'taskId cannot be empty')
  const found = memory.find(taskId)
  if (found === undefined) return unknownTask()
  if (endpoint === 'modal') return await readModal(given, hook, found.task)
  const { drawing } = found.task
  if (!found.hasPictures || drawing === undefined) return refused(4, 'The related task has the wrong status')
  const customId = endpoint === 'action' ? given['customId'] : customIdOf(given, found.task)
  if (typeof customId === 'object' && customId !== null && isRefusal(customId)) return customId
  return press(customId, hook, { ...found.task, drawing }, memory)
}

async function readImagine(
  { prompt, base64Array = [], botType = 'MID_JOURNEY' }: Fields,
  hook: string | undefined,
): Promise<Submission | Refusal> {
  if (typeof prompt !== 'string' || prompt.trim() === '') return refused(4, 'prompt cannot be empty')
  if (botType !== 'MID_JOURNEY' && botType !== 'NIJI_JOURNEY') return refused(4, 'botType is unknown')
  const read = Array.isArray(base64Array) ? await Promise.all(base64Array.map(pictureOf)) : [undefined]
  const references = read.filter((picture) => picture !== undefined)
  if (references.length < read.length) return refused(4, 'base64 format error')
  const common = { text: prompt, botType, hook }
  const understood = readPrompt(prompt)
  if (typeof understood === 'string') return { ...common, is: 'hopeless', failReason: understood }
  const drawing: Drawing = { prompt: understood, turn: botType, makes: 4, references: async () => references }
  return { ...common, is: 'task', action: 'IMAGINE', drawing }
}

function press(
  customId: unknown,
  hook: string | undefined,
  task: Task & { readonly drawing: Drawing },
  { before }: Memory,
): Submission | Refusal {
  if (typeof customId !== 'string' || !buttonsOf(task).some((button) => button.customId === customId))
    return refused(4, 'customId is no button of the task')
  const common = { text: '', botType: task.botType, hook, customId }
  const answer = before(customId)
  if (answer !== undefined) return { ...common, is: 'existing', answer }
  const button = pressed(customId)
  const { action } = button
  const drawing = redrawn(task.drawing, task.faults, button)
  return action === 'INPAINT' ? { ...common, is: 'window', drawing } : { ...common, is: 'task', action, drawing }
}

const CHANGES: Readonly<Record<string, string>> = { UPSCALE: 'upsample', VARIATION: 'variation', REROLL: 'reroll' }

/** The older way to press the same buttons. */
function customIdOf({ action, index = 0 }: Fields, task: Task): string | Refusal {
  const name = typeof action === 'string' && Object.hasOwn(CHANGES, action) ? CHANGES[action] : undefined
  if (name === undefined) return refused(4, 'action parameter error')
  if (task.drawing?.makes !== 4) return refused(4, 'The related task cannot be changed')
  const beginning = `MJ::JOB::${name}::${name === 'reroll' ? 0 : String(index)}::`
  const found = buttonsOf(task).find(({ customId }) => customId.startsWith(beginning))
  return found?.customId ?? refused(4, 'index parameter error')
}

async function readModal(
  { prompt, maskBase64 }: Fields,
  hook: string | undefined,
  task: Task,
): Promise<Submission | Refusal> {
  if (!task.isWindow || task.drawing === undefined) return refused(4, 'The related task has the wrong status')
  if (typeof prompt !== 'string' || prompt.trim() === '') return refused(4, 'prompt cannot be empty')
  const common = { text: prompt, botType: task.botType, hook }
  const understood = readPrompt(prompt)
  if (typeof understood === 'string') return { ...common, is: 'hopeless', failReason: understood }
  const [picture] = await task.drawing.references()
  const mask = await maskOver(picture, maskBase64)
  if (typeof mask === 'string') return refused(4, mask)
  const { width, height } = task.drawing.prompt
  const drawing: Drawing = { ...task.drawing, prompt: { ...understood, width, height }, mask }
  return { ...common, is: 'task', action: 'INPAINT', drawing, id: task.id }
}

/** What a button that opens a window is answered. */
export function windowOpened(taskId: string): Submitted {
  const properties = { finalPrompt: '', remix: true }
  return submitted(21, { description: 'Waiting for window confirm', result: taskId, properties })
}
