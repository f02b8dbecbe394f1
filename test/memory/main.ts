/**
 * A hundred answers of 30 MB in flight at once through a whole gateway: what it costs, and whether that is what was promised.
 * `node test/memory/main.ts [--answers N] [--megabytes N] [--memory 128M] [--assets off]`; fails when it is not.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'

import { noteFigure } from '../support/figures.ts'
import { flood } from './flood.ts'

const { values } = parseArgs({
  options: {
    answers: { type: 'string', default: '100' },
    megabytes: { type: 'string', default: '30' },
    memory: { type: 'string' },
    assets: { type: 'string', default: 'on' },
  },
})
const figures = await flood({
  answers: Number(values.answers),
  pictureBytes: Number(values.megabytes) * 1_000_000,
  environment: {
    PLANTAIN_ASSETS: values.assets,
    ...(values.memory !== undefined && { PLANTAIN_IMAGE_MEMORY: values.memory }),
  },
})
const rounded = Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Math.round(value * 10) / 10]))
console.log(rounded)

// P1 and P2 of the promises about resources, for a machine with nothing else to do.
const broken = [
  figures.rssRise > 512 ? 'resident memory rose by more than 512 MiB' : undefined,
  figures.heapRise > 2 * figures.answers ? 'the heap rose by more than 2 MiB an answer' : undefined,
  figures.delayP99 > 50
    ? `the event loop was late by more than 50 ms (load average ${loadavg()[0]?.toFixed(1)})`
    : undefined,
].filter((what) => what !== undefined)
if (broken.length > 0) console.error(broken.join('; '))
noteFigure('memory', {
  promise: 'P1 P2',
  claim: `${figures.answers} answers of ${values.megabytes} MB at once`,
  figure: rounded,
  kept: broken.length === 0,
})
process.exitCode = broken.length > 0 ? 1 : 0
