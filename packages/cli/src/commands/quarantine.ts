import { formatBytes } from '@varve/core/units/format-bytes'
import { findEntries } from '@varve/engine/quarantine/index-of-entries'
import { toldEntry } from '@varve/agent/actions/list-quarantine/list-quarantine'
import { keptImage } from '@varve/engine/quarantine/entry'
import type { ErrorRecord } from '@varve/core/problems/disk-error'
import type { QuarantineEntryView } from '@varve/protocol/quarantine'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { pathOf } from '../input.ts'
import { readByPlan, type ReadByPlanOptions } from '../operations/read-by-plan.ts'
import { table } from '../output/table.ts'
import { printable } from '../output/text.ts'

/** `varve quarantine [list] [FOLDER…]`: reads only. */
export async function quarantine(folders: readonly string[], context: CommandContext): Outcome {
  const { json, config } = context
  const { entries, faults } = await findEntries(config.stateFolder, folders.map(pathOf))
  sayFaults(faults, context)
  if (json) context.print(JSON.stringify(entries.map(toldEntry), null, 2))
  else context.print(listed(entries.map(keptImage), context))
  return exitCodes.ok
}

/** `varve quarantine --host HOST`: in its libraries, as its agent tells now. */
export async function quarantineThere(
  { host, controller }: { readonly host: string; readonly controller: string | undefined },
  context: CommandContext,
): Outcome {
  // Only who asks a host loads the way to it.
  const { ask, openFleet } = await import('../fleet.ts')
  await using fleet = openFleet(context, controller)
  const { entries, more, faults } = await ask(controller ?? context.config.controller, () =>
    fleet.api.quarantine.list.query({ host }, { signal: context.signal }),
  )
  sayFaults(faults, context)
  context.print(context.json ? JSON.stringify(entries, null, 2) : listed(entries, context))
  if (more > 0) context.remark(`${entries.length} of ${entries.length + more} shown, the newest first`)
  return exitCodes.ok
}

/** `varve quarantine` with --plan or --script, here or with --host. */
export async function quarantineByPlan(
  folders: readonly string[],
  options: ReadByPlanOptions,
  context: CommandContext,
): Outcome {
  const request = { folders: folders.map(pathOf) }
  return await readByPlan({ operation: 'quarantine', request }, options, context, () => exitCodes.ok)
}

function sayFaults(
  faults: readonly Pick<ErrorRecord, 'message' | 'remedy'>[],
  context: CommandContext,
): void {
  for (const { message, remedy } of faults)
    context.remark(`varve: ${printable(message)}
       ${printable(remedy)}`)
}

function listed(entries: readonly QuarantineEntryView[], context: CommandContext): string {
  return entries.length === 0 ? 'Nothing lies in quarantine.' : tableOf(entries, context)
}

function tableOf(entries: readonly QuarantineEntryView[], { config }: CommandContext): string {
  const columns = [
    { title: 'ID' },
    { title: 'WHY' },
    { title: 'SINCE' },
    { title: 'UNTIL' },
    { title: 'SIZE', align: 'right' },
    { title: 'IMAGE', cut: 'middle' },
  ] as const
  const rows = entries.map(({ id, why, since, until, bytes, image }) => [
    id,
    why,
    since.slice(0, 10),
    until.slice(0, 10),
    formatBytes(bytes),
    image,
  ])
  return table(columns, rows, config)
}
