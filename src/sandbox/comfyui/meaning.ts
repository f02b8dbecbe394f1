import { createHash } from 'node:crypto'

import type { StoredPicture } from './store.ts'
import type { Graph, Node } from './validate.ts'

/** What an output node of a graph amounts to. */
export interface Meaning {
  readonly prompt: string
  readonly width: number
  readonly height: number
  readonly count: number
  readonly references: readonly Buffer[]
  /** Everything above the node, with the pictures' bytes in the places of their names: equal ones make equal pictures. */
  readonly fingerprint: string
}

interface Shape {
  readonly width: number
  readonly height: number
  readonly count: number
}

/** Reads a graph that was found good, from one of its output nodes upwards. */
export function meaningOf(
  graph: Graph,
  outputId: string,
  pictureOf: (name: string) => StoredPicture | undefined,
): Meaning {
  const above = nodesAbove(graph, outputId)
  const sampler = above.find(({ class_type: type }) => type === 'KSampler')
  const loaded = above.flatMap(({ class_type: type, inputs }) => {
    const picture = type === 'LoadImage' ? pictureOf(String(inputs['image'])) : undefined
    return picture ? [picture.bytes] : []
  })
  return {
    prompt: sampler ? textOf(sampler.inputs['positive']) : '',
    ...shapeOf(graph[outputId]?.inputs['images']),
    references: loaded,
    fingerprint: fingerprint(above),
  }

  function nodeAt(link: unknown): Node | undefined {
    return Array.isArray(link) ? graph[String(link[0])] : undefined
  }

  function textOf(link: unknown): string {
    const node = nodeAt(link)
    if (node === undefined) return ''
    const { text, prompt, conditioning } = node.inputs
    return typeof text === 'string' ? text : typeof prompt === 'string' ? prompt : textOf(conditioning)
  }

  /** The shape of what flows through a link, followed upwards to where it is made. */
  function shapeOf(link: unknown): Shape {
    const { class_type: type = '', inputs = {} } = nodeAt(link) ?? {}
    switch (type) {
      case 'LoadImage': {
        const { width = 512, height = 512 } = pictureOf(String(inputs['image'])) ?? {}
        return { width, height, count: 1 }
      }
      case 'EmptyLatentImage':
      case 'EmptySD3LatentImage':
        return { ...inEights(Number(inputs['width']), Number(inputs['height'])), count: Number(inputs['batch_size']) }
      case 'RepeatLatentBatch': {
        const shape = shapeOf(inputs['samples'])
        return { ...shape, count: shape.count * Number(inputs['amount']) }
      }
      case 'ImageScale':
        return { ...shapeOf(inputs['image']), width: Number(inputs['width']), height: Number(inputs['height']) }
      case 'VAEEncode': {
        const { width, height, count } = shapeOf(inputs['pixels'])
        return { ...inEights(width, height), count }
      }
      case 'KSampler':
        return shapeOf(inputs['latent_image'])
      default:
        return shapeOf(inputs['samples'] ?? inputs['images'])
    }
  }

  function fingerprint(nodes: readonly Node[]): string {
    const plain = nodes.map(({ class_type: type, inputs }) => {
      const picture = typeof inputs['image'] === 'string' ? pictureOf(inputs['image'])?.sha256 : undefined
      return [type, { ...inputs, ...(picture !== undefined && { image: picture }) }]
    })
    return createHash('sha256').update(JSON.stringify(plain)).digest('hex')
  }
}

/** All nodes that an output depends on, and it itself, in the order of the graph. */
function nodesAbove(graph: Graph, outputId: string): readonly Node[] {
  const seen = new Set<string>()
  const visit = (id: string): void => {
    if (seen.has(id)) return
    seen.add(id)
    for (const value of Object.values(graph[id]?.inputs ?? {})) if (Array.isArray(value)) visit(String(value[0]))
  }
  visit(outputId)
  return Object.entries(graph).flatMap(([id, node]) => (seen.has(id) ? [node] : []))
}

/** A latent has one cell for eight pixels. */
function inEights(width: number, height: number): { width: number; height: number } {
  return { width: Math.floor(width / 8) * 8, height: Math.floor(height / 8) * 8 }
}
