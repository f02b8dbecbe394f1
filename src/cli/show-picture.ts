import { encodeSlices } from '../core/base64.ts'
import type { TerminalFacts } from '../config.ts'
import type { Session } from './session.ts'

export type GraphicsProtocol = 'kitty' | 'iterm' | 'sixel'

/** Widest drawing in pixels: the picture itself is in the file. */
const WIDTH = 640

/** Draws a picture where the terminal is known to be able to; elsewhere nothing happens. A picture that cannot be drawn is no failure. */
export async function showPicture(
  { config, terminal }: Pick<Session, 'config' | 'terminal'>,
  bytes: Buffer,
  mediaType: string,
): Promise<void> {
  const protocol = protocolOf(config.terminal)
  if (protocol === undefined || mediaType === 'image/svg+xml') return
  // Native code that only this needs here.
  const { default: sharp } = await import('sharp')
  const small = sharp(bytes).resize({ width: WIDTH, height: WIDTH, fit: 'inside', withoutEnlargement: true })
  if (protocol === 'sixel') {
    const { sixelOf } = await import('./sixel.ts')
    const { data, info } = await small.flatten().removeAlpha().raw().toBuffer({ resolveWithObject: true })
    terminal.draw(Buffer.concat([sixelOf(data, info), NEW_LINE]))
    return
  }
  const png = await small.png().toBuffer()
  terminal.draw(Buffer.concat([...(protocol === 'kitty' ? kittyOf(png) : itermOf(png)), NEW_LINE]))
}

const NEW_LINE = Buffer.from('\n')

/**
 * Which terminals draw, by what they say of themselves; asking them would need an answer on standard input. Inside tmux and screen
 * none of it arrives unless passed through, so nothing is drawn there.
 */
export function protocolOf(facts: TerminalFacts): GraphicsProtocol | undefined {
  const { TERM = '', TERM_PROGRAM: program = '' } = facts
  if (facts.TMUX !== undefined || /^(tmux|screen)/.test(TERM)) return undefined
  if (facts.KITTY_WINDOW_ID !== undefined || /kitty|ghostty/.test(TERM) || program === 'ghostty') return 'kitty'
  if (['iTerm.app', 'WezTerm', 'mintty', 'vscode'].includes(program) || facts.LC_TERMINAL === 'iTerm2') return 'iterm'
  if (facts.KONSOLE_VERSION !== undefined) return 'kitty'
  return /^(foot|mlterm|contour)|sixel/.test(TERM) ? 'sixel' : undefined
}

/** Base64 characters of one escape sequence: https://sw.kovidgoyal.net/kitty/graphics-protocol/ (read 2026-11-22). */
const KITTY_CHUNK = 4096

function* kittyOf(png: Buffer): Generator<Buffer> {
  const characters = Buffer.concat([...encodeSlices([png])])
  for (let at = 0; at < characters.length; at += KITTY_CHUNK) {
    const isLast = at + KITTY_CHUNK >= characters.length
    const keys = `${at === 0 ? 'a=T,f=100,q=2,' : ''}m=${isLast ? 0 : 1}`
    yield Buffer.from(`\u001B_G${keys};`)
    yield characters.subarray(at, at + KITTY_CHUNK)
    yield Buffer.from('\u001B\\')
  }
}

/** https://iterm2.com/documentation-images.html (read 2026-11-22). */
function* itermOf(png: Buffer): Generator<Buffer> {
  yield Buffer.from(`\u001B]1337;File=inline=1;size=${png.length}:`)
  yield* encodeSlices([png])
  yield Buffer.from('\u0007')
}
