import type { Command } from 'commander'
import { z } from 'zod'

import { CommandFailure } from './failure.ts'
import { destinationOf, writePicture } from './picture-files.ts'
import { costText, pictureText, ReceiptFacts } from './receipt-lines.ts'
import { wholeNumber } from './request-options.ts'
import type { CommonOptions, Perform, Session } from './session.ts'
import { table } from './table.ts'

interface GenerationOptions extends CommonOptions {
  readonly live?: boolean
}

interface ListOptions extends GenerationOptions {
  readonly limit?: number
  readonly cursor?: string
}

interface FetchOptions extends GenerationOptions {
  readonly output?: string
}

const LIVE = ['--live', 'those of live keys instead of test keys'] as const
const JSON_OPTION = ['--json', 'one JSON document on standard output'] as const

export function addGenerations(program: Command, perform: Perform): void {
  const generations = program.command('generations').description('What was generated: receipts and pictures')
  generations
    .command('list')
    .description('Newest first')
    .option(...LIVE)
    .option('--limit <count>', '1 to 100, default 50', wholeNumber)
    .option('--cursor <text>', 'where the last page ended')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExamples:\n  plantain generations list\n  plantain generations list --live --limit 10')
    .action((options: ListOptions) => perform(options, (session) => list(session, options)))
  generations
    .command('show')
    .argument('<id>', 'gen-…')
    .description('One receipt, to the nano-dollar')
    .option(...LIVE)
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  plantain generations show gen-1795350759-EgJnn23Pb0PDsbhgfrYI')
    .action((id: string, options: GenerationOptions) => perform(options, (session) => show(session, id, options)))
  generations
    .command('fetch')
    .argument('<id>', 'gen-…')
    .description('Its pictures again, free')
    .option('-o, --output <file>', 'file or directory')
    .option(...LIVE)
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  plantain generations fetch gen-1795350759-EgJnn23Pb0PDsbhgfrYI -o lake.png')
    .action((id: string, options: FetchOptions) => perform(options, (session) => fetchPictures(session, id, options)))
  generations
    .command('cancel')
    .argument('<id>', 'gen-…')
    .description('Ends one that costs nothing yet; one whose call was sent goes on, unless its provider takes it back')
    .option(...LIVE)
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  plantain generations cancel gen-1795350759-EgJnn23Pb0PDsbhgfrYI')
    .action((id: string, options: GenerationOptions) => perform(options, (session) => cancel(session, id, options)))
}

async function list(session: Session, { live, limit, cursor }: ListOptions): Promise<void> {
  const query = new URLSearchParams()
  if (limit !== undefined) query.set('limit', String(limit))
  if (cursor !== undefined) query.set('cursor', cursor)
  const client = await session.client(live ? 'live' : 'test')
  const schema = z.object({ data: z.array(ReceiptFacts), cursor: z.string().nullable() })
  const { value, raw } = await client.get(`/api/v1/generations?${query.toString()}`, schema)
  const rows = value.data.map((receipt) => [
    receipt.id,
    receipt.created_at.slice(0, 19).replace('T', ' '),
    receipt.model.served,
    receipt.error?.code ?? receipt.status,
    String(receipt.images.length),
    receipt.charge_usd,
  ])
  const lines = table([['GENERATION', 'TIME (UTC)', 'MODEL', 'STATUS', 'PICTURES', 'USD'], ...rows])
  session.report(raw, value.cursor === null ? lines : [...lines, `More: --cursor ${value.cursor}`])
}

async function show(session: Session, id: string, { live }: GenerationOptions): Promise<void> {
  const client = await session.client(live ? 'live' : 'test')
  const { value, raw } = await client.get(receiptPath(id), ReceiptFacts)
  session.report(raw, receiptLines(value))
}

async function cancel(session: Session, id: string, { live }: GenerationOptions): Promise<void> {
  const client = await session.client(live ? 'live' : 'test')
  const { value, raw } = await client.send('POST', `${receiptPath(id)}/cancel`, undefined, ReceiptFacts)
  session.report(raw, receiptLines(value))
}

function receiptLines(receipt: ReceiptFacts): readonly string[] {
  const { requested, served } = receipt.model
  return [
    `${receipt.id}  ${receipt.status}  ${receipt.created_at}`,
    `model     ${served}${requested === served ? '' : ` (asked for as ${requested})`}`,
    ...receipt.images.map((image) => `picture   ${image.index + 1}: ${pictureText(image)}, ${image.bytes} bytes`),
    ...receipt.attempts.map(
      ({ provider, model, state, ms }) => `call      ${provider} ${model}: ${state}${ms === null ? '' : `, ${ms} ms`}`,
    ),
    ...receipt.lines.map(
      ({ quantity, unit, billable, unit_price_usd: price, usd }) =>
        `line      ${usd} USD = ${quantity} × ${price} (${billable}, by ${unit})`,
    ),
    `charge    ${costText(receipt)}, held ${receipt.hold_usd} USD`,
    ...receipt.warnings.map(({ message }) => `warning   ${message}`),
    ...(receipt.error ? [`error     ${receipt.error.code}: ${receipt.error.message}`] : []),
  ]
}

async function fetchPictures(session: Session, id: string, { live, output }: FetchOptions): Promise<void> {
  const destination = destinationOf(output)
  const client = await session.client(live ? 'live' : 'test')
  const { value } = await client.get(receiptPath(id), ReceiptFacts)
  if (value.images.length === 0)
    throw new CommandFailure(1, `${id} has no pictures (${value.error?.code ?? value.status}).`)
  const saved: { readonly file: string; readonly text: string }[] = []
  for (const image of value.images) {
    const { bytes, mediaType } = await client.download(`${receiptPath(id)}/images/${image.index}`)
    const file = destination.fileOf({ index: image.index, of: value.images.length, mediaType, id })
    await writePicture(file, bytes)
    saved.push({ file, text: `${file}  ${pictureText(image)}` })
  }
  session.report(
    { files: saved.map(({ file }) => file) },
    saved.map(({ text }) => text),
  )
}

function receiptPath(id: string): string {
  return `/api/v1/generations/${encodeURIComponent(id)}`
}
