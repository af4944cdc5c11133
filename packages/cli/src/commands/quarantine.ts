import { join } from 'node:path'
import { formatBytes } from '@varve/core/units/format-bytes'
import { findEntries } from '@varve/engine/quarantine/index-of-entries'
import { keptImage, type QuarantineEntry } from '@varve/engine/quarantine/entry'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { pathOf } from '../input.ts'
import { table } from '../output/table.ts'
import { printable } from '../output/text.ts'

/** `varve quarantine [list] [FOLDER…]`: reads only. */
export async function quarantine(folders: readonly string[], context: CommandContext): Outcome {
  const { json, config } = context
  const { entries, faults } = await findEntries(config.stateFolder, folders.map(pathOf))
  for (const { message, remedy } of faults)
    context.remark(`varve: ${printable(message)}\n       ${printable(remedy)}`)
  if (json) context.print(JSON.stringify(entries.map(recordOf), null, 2))
  else context.print(entries.length === 0 ? 'Nothing lies in quarantine.' : tableOf(entries, context))
  return exitCodes.ok
}

function recordOf(entry: QuarantineEntry) {
  const { folder, manifest, path } = entry
  return {
    ...keptImage(entry),
    digest: manifest.digest,
    files: manifest.files.map((file) => ({ path: join(folder, file.path), bytes: file.size })),
    entry: path,
  }
}

function tableOf(entries: readonly QuarantineEntry[], { config }: CommandContext): string {
  const columns = [
    { title: 'ID' },
    { title: 'WHY' },
    { title: 'SINCE' },
    { title: 'UNTIL' },
    { title: 'SIZE', align: 'right' },
    { title: 'IMAGE', cut: 'middle' },
  ] as const
  const rows = entries.map((entry) => {
    const { id, why, since, until, bytes, image } = keptImage(entry)
    return [id, why, since.slice(0, 10), until.slice(0, 10), formatBytes(bytes), image]
  })
  return table(columns, rows, config)
}
