import { CLASSES, type InputRule, type NodeClass } from './classes.ts'

export interface Node {
  readonly class_type: string
  readonly inputs: Readonly<Record<string, unknown>>
}

export type Graph = Readonly<Record<string, Node>>

/** As ComfyUI says what is wrong with a graph. */
export interface Invalid {
  readonly error: Complaint
  readonly node_errors: Readonly<Record<string, object>>
}

interface Complaint {
  readonly type: string
  readonly message: string
  readonly details: string
  readonly extra_info: object
}

/**
 * Checks a graph as `validate_prompt` does: every class is known, every output's inputs are there, linked to what fits, and within their
 * bounds. Stricter in two things: an input that the class does not have is refused instead of passed over, so that a wrong name cannot
 * pass unnoticed, and numbers have to be numbers already.
 * Source: execution.py of https://github.com/Comfy-Org/ComfyUI (read 2026-11-22).
 */
export function checkGraph(prompt: unknown, hasPicture: (name: string) => boolean): Graph | Invalid {
  if (!isRecord(prompt)) return whole('invalid_prompt', 'The prompt is no dictionary', '')
  for (const [id, node] of Object.entries(prompt)) {
    const type = isRecord(node) ? node['class_type'] : undefined
    if (typeof type !== 'string' || !isRecord(node) || !isRecord(node['inputs'])) {
      return whole(
        'missing_node_type',
        `Node 'ID #${id}' has no class_type. The workflow may be corrupted.`,
        `Node ID '#${id}'`,
      )
    }
    if (!Object.hasOwn(CLASSES, type)) {
      const message = `Node '${type}' not found. The custom node may not be installed.`
      return whole('missing_node_type', message, `Node ID '#${id}'`)
    }
  }
  const graph = prompt as Graph
  const outputs = outputsOf(graph)
  if (outputs.length === 0) return whole('prompt_no_outputs', 'Prompt has no outputs', '')

  const found = new Map<string, readonly Complaint[]>()
  for (const id of outputs) visit(id)
  const wrong = [...found].filter(([, complaints]) => complaints.length > 0)
  if (wrong.length === 0) return graph
  const told = wrong.flatMap(([, all]) => all.map(({ message, details }) => `${message}: ${details}`)).join('\n')
  return {
    error: {
      type: 'prompt_outputs_failed_validation',
      message: 'Prompt outputs failed validation',
      details: told,
      extra_info: {},
    },
    node_errors: Object.fromEntries(
      wrong.map(([id, errors]) => [id, { errors, dependent_outputs: outputs, class_type: graph[id]?.class_type }]),
    ),
  }

  function visit(id: string): void {
    const node = graph[id]
    if (node === undefined || found.has(id)) return
    found.set(id, [])
    const complaints: Complaint[] = []
    const { required, optional = {} } = classOf(node)
    const rules: Readonly<Record<string, InputRule>> = { ...required, ...optional }
    for (const name of Object.keys(required)) {
      if (!(name in node.inputs))
        complaints.push(about(name, 'required_input_missing', 'Required input is missing', name))
    }
    for (const [name, value] of Object.entries(node.inputs)) {
      const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
      if (rule === undefined) {
        complaints.push(about(name, 'unknown_input', 'ComfyUI would pass this input over, the sandbox does not', name))
        continue
      }
      const complaint = Array.isArray(value) ? linked(name, rule, value) : plain(name, rule, value)
      if (complaint !== undefined) complaints.push(complaint)
    }
    found.set(id, complaints)
  }

  function linked(name: string, rule: InputRule, value: readonly unknown[]): Complaint | undefined {
    const [from, slot] = value
    if (value.length !== 2 || typeof from !== 'string' || typeof slot !== 'number') {
      const message = 'Bad linked input, must be a length-2 list of [node_id, slot_index]'
      return about(name, 'bad_linked_input', message, name)
    }
    const source = graph[from]
    const kind = source && classOf(source).gives[slot]
    if (kind === undefined)
      return about(name, 'exception_during_inner_validation', 'Exception when validating inner node', from)
    const wanted = rule.is === 'link' ? rule.kind : rule.is === 'picture' || rule.is === 'list' ? 'COMBO' : rule.is
    if (kind !== wanted) {
      const details = `${name}, received_type(${kind}) mismatch input_type(${wanted})`
      return about(name, 'return_type_mismatch', 'Return type mismatch between linked nodes', details)
    }
    visit(from)
    return undefined
  }

  function plain(name: string, rule: InputRule, value: unknown): Complaint | undefined {
    switch (rule.is) {
      case 'link':
        return about(name, 'bad_linked_input', 'This input takes a link', name)
      case 'STRING':
        return typeof value === 'string' ? undefined : inconvertible(name, rule.is, value)
      case 'picture':
        if (typeof value === 'string' && hasPicture(value)) return undefined
        return about(
          name,
          'custom_validation_failed',
          'Custom validation failed for node',
          `${name} - Invalid image file: ${String(value)}`,
        )
      case 'list': {
        if (typeof value === 'string' && rule.of.includes(value)) return undefined
        const choices = rule.of.map((choice) => `'${choice}'`).join(', ')
        return about(name, 'value_not_in_list', 'Value not in list', `${name}: '${String(value)}' not in [${choices}]`)
      }
      case 'INT':
      case 'FLOAT':
        if (typeof value !== 'number' || (rule.is === 'INT' && !Number.isInteger(value)))
          return inconvertible(name, rule.is, value)
        if (value < rule.min)
          return about(name, 'value_smaller_than_min', `Value ${value} smaller than min of ${rule.min}`, name)
        if (value > rule.max)
          return about(name, 'value_bigger_than_max', `Value ${value} bigger than max of ${rule.max}`, name)
        return undefined
      default:
        return rule satisfies never
    }
  }
}

export function isInvalid(checked: Graph | Invalid): checked is Invalid {
  return 'node_errors' in checked
}

/** Ids of the nodes that end the graph. */
export function outputsOf(graph: Graph): readonly string[] {
  return Object.entries(graph).flatMap(([id, node]) => (classOf(node).isOutput === true ? [id] : []))
}

function classOf({ class_type: type }: Node): NodeClass {
  return CLASSES[type] ?? { required: {}, gives: [] }
}

function inconvertible(name: string, type: string, value: unknown): Complaint {
  const message = `Failed to convert an input value to a ${type} value`
  return about(name, 'invalid_input_type', message, `${name}, ${String(value)}`)
}

function about(name: string, type: string, message: string, details: string): Complaint {
  return { type, message, details, extra_info: { input_name: name } }
}

function whole(type: string, message: string, details: string): Invalid {
  return { error: { type, message, details, extra_info: {} }, node_errors: {} }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
