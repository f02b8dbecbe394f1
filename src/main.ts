#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'

// Pictures pass through as buffers outside the JavaScript heap. V8 would mark the whole heap each time some 64 MB of them have come
// and gone, several times a second under load: docs/decisions/0008-external-memory.md has the figures and the price.
setFlagsFromString('--external-memory-accounted-in-global-limit')
// … and how far that sum may grow beyond what is alive: a third as much again, not up to four times.
setFlagsFromString('--heap-growing-percent=30')

// Stripped and compiled sources are kept between starts: less than half the time to the first line of work.
enableCompileCache()
const { run } = await import('./cli/cli.ts')

process.exitCode = await run(process.argv.slice(2))
