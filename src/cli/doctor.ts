import type { Command } from 'commander'
import { z } from 'zod'

import { addDoctorProviders } from './doctor-providers.ts'
import type { CommonOptions, Perform, Session } from './session.ts'

export function addDoctor(program: Command, perform: Perform): void {
  const doctor = program
    .command('doctor')
    .description('Whether everything that the gateway needs is there')
    .option('--json', 'one JSON document on standard output')
    .addHelpText(
      'after',
      `
Examples:
  plantain doctor
  plantain doctor ledger --json
  plantain doctor providers`,
    )
    .action((options: CommonOptions) =>
      perform(
        options,
        async (session) => {
          const { examine } = await import('./examine.ts')
          const findings = await examine(session)
          session.report(
            { ok: findings.every(({ state }) => state === 'ok'), findings },
            findings.map(({ name, state, text }) => `${state === 'ok' ? '✓' : '✗'} ${name.padEnd(10)} ${text}`),
          )
          if (findings.some(({ state }) => state === 'unsound')) return 3
          return findings.every(({ state }) => state === 'ok') ? 0 : 1
        },
        { unsound: 'accept' },
      ),
    )
  doctor
    .command('ledger')
    .description('Recompute every sum of the books, and read every picture that was charged')
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', '\nExample:\n  plantain doctor ledger')
    .action((_own: CommonOptions, command: Command) => perform(command.optsWithGlobals<CommonOptions>(), auditLedger))
  addDoctorProviders(doctor, perform)
}

const Audit = z.object({
  ok: z.boolean(),
  findings: z.array(z.object({ check: z.string(), subject: z.string(), message: z.string() })),
})

async function auditLedger(session: Session): Promise<0 | 1> {
  const client = await session.client('admin')
  const { value, raw } = await client.get('/api/v1/audit', Audit)
  const lines = value.findings.map(({ check, subject, message }) => `✗ ${check} ${subject}: ${message}`)
  session.report(raw, value.ok ? ['✓ ledger: every sum is right, every charged picture is there'] : lines)
  return value.ok ? 0 : 1
}
