import type { Command } from 'commander'
import { z } from 'zod'

import { Base64Decoder } from '../core/base64.ts'
import { picture } from '../core/blob-fields.ts'
import { systemClock } from '../core/clock.ts'
import type { JsonBlob, JsonValue } from '../core/json-blob.ts'
import { CommandFailure, messageOf, wrongUsage } from './failure.ts'
import { type Destination, destinationOf, readReferences, writePicture } from './picture-files.ts'
import { costText, pictureText, ReceiptFacts } from './receipt-lines.ts'
import { addRequestOptions, requestBody, type RequestOptions } from './request-options.ts'
import type { Perform, Session } from './session.ts'
import { withSpinner } from './spinner.ts'

interface GenerateOptions extends RequestOptions {
  readonly output?: string
  readonly show: boolean
}

export function addGenerate(program: Command, perform: Perform): void {
  const command = program.command('generate').argument('<prompt>', 'what to make').description('Make a picture')
  addRequestOptions(command)
    .option('-o, --output <file>', 'file or directory; the extension decides the format')
    .option('--no-show', 'do not draw the picture in the terminal')
    .addHelpText(
      'after',
      `
Examples:
  plantain generate "A serene mountain lake at sunrise, photorealistic." -o lake.png
  plantain generate "A paper boat" -n 4 --aspect-ratio 16:9 -o boat.webp
  plantain generate "A logo of a plantain" -m openai/gpt-image-2 --live -o logo.png
  plantain generate "A fox" --json`,
    )
    .action((prompt: string, options: GenerateOptions) =>
      perform(options, (session) => makePictures(session, prompt, [], options)),
    )
}

export function addEdit(program: Command, perform: Perform): void {
  const command = program
    .command('edit')
    .argument('<prompt>', 'what to change')
    .argument('<picture...>', 'PNG, JPEG or WebP files to edit or to follow')
    .description('Make a picture from pictures')
  addRequestOptions(command)
    .option('-o, --output <file>', 'file or directory; the extension decides the format')
    .option('--no-show', 'do not draw the picture in the terminal')
    .addHelpText(
      'after',
      `
Examples:
  plantain edit "Make it winter" lake.png -o winter.png
  plantain edit "Put the logo on the bottle" bottle.jpg logo.png -o product.webp`,
    )
    .action((prompt: string, pictures: readonly string[], options: GenerateOptions) =>
      perform(options, (session) => makePictures(session, prompt, pictures, options)),
    )
}

/** `b64_json` of any length; everything else of the answer is in the receipt. */
const ImagesAnswer = z.object({ id: z.string(), data: z.array(z.object({ b64_json: picture() })) })

async function makePictures(
  session: Session,
  prompt: string,
  pictures: readonly string[],
  options: GenerateOptions,
): Promise<void> {
  const destination = destinationOf(options.output)
  const format = formatOf(options, destination)
  const references = await readReferences(pictures)
  const { PLANTAIN_DEFAULT_MODEL: defaultModel } = session.config.settings
  const body: JsonValue = {
    ...requestBody(prompt, { ...options, ...(format !== undefined && { format }) }, defaultModel),
    ...(references.length > 0 && { input_references: references }),
  }

  const { answer, receipt } = await withSpinner(
    session.terminal,
    systemClock,
    options.model ?? defaultModel,
    async () => {
      const client = await session.client(options.live ? 'live' : 'test')
      const answered = await client.send('POST', '/api/v1/images', body, ImagesAnswer)
      const id = answered.generationId ?? answered.value.id
      return { answer: answered, receipt: await client.get(`/api/v1/generations/${id}`, ReceiptFacts) }
    },
  )
  const files = await save(
    answer.value.data.map(({ b64_json }) => b64_json),
    receipt.value,
    destination,
  )
  for (const { message } of receipt.value.warnings) session.terminal.note(`plantain: warning: ${message}`)
  session.report({ files: files.map(({ file }) => file), receipt: receipt.raw }, resultLines(files, receipt.value))
  if (options.show && !session.isJson && session.terminal.isOutputInteractive) {
    const { showPicture } = await import('./show-picture.ts')
    for (const { bytes, mediaType } of files) await showPicture(session, bytes, mediaType)
  }
}

/** A file called `lake.png` holds PNG, or nobody can open it. */
function formatOf({ format, output }: GenerateOptions, destination: Destination): string | undefined {
  const asked = format === 'jpg' ? 'jpeg' : format
  if (asked !== undefined && destination.format !== undefined && asked !== destination.format)
    throw wrongUsage(`--format ${format} contradicts the name of ${output}.`)
  return asked ?? destination.format
}

interface Saved {
  readonly file: string
  readonly bytes: Buffer
  readonly mediaType: string
  readonly text: string
}

/** They are paid for by now: whatever goes wrong here says how to get them again. */
async function save(
  blobs: readonly JsonBlob[],
  receipt: ReceiptFacts,
  destination: Destination,
): Promise<readonly Saved[]> {
  const saved: Saved[] = []
  try {
    for (const [index, blob] of blobs.entries()) {
      const image = receipt.images[index]
      if (image === undefined) throw new Error('there are more pictures than the receipt has')
      const file = destination.fileOf({ index, of: blobs.length, mediaType: image.media_type, id: receipt.id })
      const bytes = decode(blob)
      await writePicture(file, bytes)
      saved.push({ file, bytes, mediaType: image.media_type, text: `${file}  ${pictureText(image)}` })
    }
    return saved
  } catch (error) {
    const live = receipt.mode === 'live' ? ' --live' : ''
    throw new CommandFailure(1, [
      messageOf(error),
      `Get it again, free: plantain generations fetch ${receipt.id}${live}`,
    ])
  }
}

function decode(blob: JsonBlob): Buffer {
  const decoder = new Base64Decoder('strict')
  const pieces: Buffer[] = []
  for (const step of [...blob.slices.map((slice) => () => decoder.write(slice)), () => decoder.end()]) {
    const decoded = step()
    if (!decoded.ok) throw new CommandFailure(1, decoded.error.message)
    pieces.push(...decoded.value)
  }
  return Buffer.concat(pieces)
}

/** One picture has one line; several have one each, and the cost below them. */
function resultLines(files: readonly Saved[], receipt: ReceiptFacts): readonly string[] {
  const cost = `${costText(receipt)}  ${receipt.id}`
  const [only] = files
  if (files.length === 1 && only) return [`${only.text}  ${cost}`]
  return [...files.map(({ text }) => text), cost]
}
