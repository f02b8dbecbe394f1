import assert from 'node:assert/strict'
import { test } from 'node:test'

import sharp from 'sharp'

import { type Config, readConfig, type TerminalFacts } from '../config.ts'
import { protocolOf, showPicture } from './show-picture.ts'
import { sixelOf } from './sixel.ts'
import { withSpinner } from './spinner.ts'
import { fakeTerminal } from './test-command.ts'

const TERMINALS: readonly (readonly [TerminalFacts, ReturnType<typeof protocolOf>])[] = [
  [{}, undefined],
  [{ TERM: 'xterm-256color', TERM_PROGRAM: 'Apple_Terminal' }, undefined],
  [{ TERM: 'xterm-kitty' }, 'kitty'],
  [{ TERM: 'xterm-ghostty', TERM_PROGRAM: 'ghostty' }, 'kitty'],
  [{ TERM: 'xterm-256color', KONSOLE_VERSION: '240802' }, 'kitty'],
  [{ TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app' }, 'iterm'],
  [{ TERM: 'xterm-256color', LC_TERMINAL: 'iTerm2' }, 'iterm'],
  [{ TERM: 'foot' }, 'sixel'],
  [{ TERM: 'tmux-256color', TERM_PROGRAM: 'tmux', KITTY_WINDOW_ID: '1' }, undefined],
  [{ TERM: 'xterm-kitty', TMUX: '/tmp/tmux-1000/default,1,0' }, undefined],
]

test('the environment tells which terminals draw, and how', () => {
  for (const [facts, protocol] of TERMINALS) assert.equal(protocolOf(facts), protocol, JSON.stringify(facts))
})

test('the settings carry what terminals say of themselves, and nothing else of the environment', () => {
  const { config } = readConfig({ TERM: 'foot', TERM_PROGRAM: '', LANG: 'C', HOME: '/' })

  assert.deepEqual(config.terminal, { TERM: 'foot' })
})

/** Escape sequences with their control characters made visible. */
function visible(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll('\u001B', '␛').replaceAll('\u0007', '␇')
}

async function drawnBy(terminal: TerminalFacts): Promise<Buffer> {
  const config: Config = { ...readConfig({}).config, terminal }
  const { terminal: fake, drawn } = fakeTerminal()
  const picture = await sharp({ create: { width: 1300, height: 650, channels: 3, background: '#c0392b' } })
    .jpeg()
    .toBuffer()
  await showPicture({ config, terminal: fake }, picture, 'image/jpeg')
  return drawn()
}

test('kitty gets a PNG in chunks of at most 4096 characters, small enough for a screen', async () => {
  const text = visible(await drawnBy({ TERM: 'xterm-kitty' }))

  const chunks = [...text.matchAll(/␛_G(?:a=T,f=100,q=2,)?m=([01]);([^␛]*)␛\\/g)]
  assert.equal(chunks.map(([whole]) => whole).join(''), text.trimEnd())
  assert.ok(chunks.every(([, , data = '']) => data.length <= 4096))
  assert.deepEqual(
    chunks.map(([, more]) => more),
    chunks.map((_, index) => (index < chunks.length - 1 ? '1' : '0')),
  )
  const { format, width, height } = await sharp(
    Buffer.from(chunks.map(([, , data]) => data).join(''), 'base64'),
  ).metadata()
  assert.deepEqual({ format, width, height }, { format: 'png', width: 640, height: 320 })
})

test('iTerm2 gets the same PNG in one sequence that tells its length', async () => {
  const text = visible(await drawnBy({ TERM_PROGRAM: 'iTerm.app' }))

  const [, size, data = ''] = /^␛\]1337;File=inline=1;size=(\d+):([A-Za-z0-9+/=]+)␇\n$/.exec(text) ?? []
  const png = Buffer.from(data, 'base64')
  assert.equal(Number(size), png.length)
  assert.equal((await sharp(png).metadata()).width, 640)
})

test('a sixel drawing gives back every pixel in a colour near its own', () => {
  const width = 13
  const height = 8
  const rgb = Buffer.alloc(width * height * 3)
  for (let at = 0; at < rgb.length; at += 3) rgb.set(at % 2 === 0 ? [255, 0, 0] : [0, 51, 255], at)

  const pixels = readSixel(visible(sixelOf(rgb, { width, height })), width, height)

  for (let at = 0; at < width * height; at += 1) {
    assert.deepEqual(
      pixels[at],
      [...rgb.subarray(at * 3, at * 3 + 3)].map((value) => Math.round((value / 255) * 100)),
    )
  }
})

/** A reader of its own, for what the writer uses: registers, runs, carriage returns, new bands. */
function readSixel(text: string, width: number, height: number): readonly (readonly number[] | undefined)[] {
  const [, size = '', body = ''] = /^␛P0;1q"1;1;(\d+;\d+)([^]*)␛\\$/.exec(text) ?? []
  assert.equal(size, `${width};${height}`)
  const registers = new Map<number, readonly number[]>()
  const pixels: (readonly number[] | undefined)[] = []
  let colour = 0
  let x = 0
  let top = 0
  for (const [token, register, r, g, b, run, char] of body.matchAll(
    /#(\d+)(?:;2;([\d.]+);([\d.]+);([\d.]+))?|!(\d+)(.)|[^]/g,
  )) {
    if (register !== undefined) {
      colour = Number(register)
      if (r !== undefined) registers.set(colour, [r, g, b].map(Number))
    } else if (token === '$') x = 0
    else if (token === '-') [x, top] = [0, top + 6]
    else {
      const mask = ((char ?? token).codePointAt(0) ?? 63) - 63
      for (let count = Number(run ?? 1); count > 0; count -= 1, x += 1) {
        for (let row = 0; row < 6; row += 1)
          if (mask & (1 << row)) pixels[(top + row) * width + x] = registers.get(colour)
      }
    }
  }
  return pixels
}

test('an unknown terminal gets nothing, and neither does anyone for an SVG', async () => {
  const { terminal, drawn } = fakeTerminal()
  await showPicture(
    { config: { ...readConfig({}).config, terminal: { TERM: 'foot' } }, terminal },
    Buffer.from('<svg/>'),
    'image/svg+xml',
  )

  assert.equal((await drawnBy({ TERM: 'xterm' })).length, 0)
  assert.equal(drawn().length, 0)
})

test('a person sees the seconds pass and the line go, a pipe sees nothing', async () => {
  let seconds = 0
  const clock = { now: () => 0, monotonic: () => (seconds += 1.5) * 1000, sleep: async () => undefined }
  const person = fakeTerminal({ isInteractive: true })
  const pipe = fakeTerminal()

  assert.equal(await withSpinner(person.terminal, clock, 'painting', async () => 7), 7)
  await assert.rejects(withSpinner(person.terminal, clock, 'painting', () => Promise.reject(new Error('no'))))
  await withSpinner(pipe.terminal, clock, 'painting', async () => 7)

  assert.deepEqual(
    person.said.map(({ text }) => text.slice(1)),
    [' painting 1 s', '', ' painting 1 s', ''],
  )
  assert.deepEqual(pipe.said, [])
})
