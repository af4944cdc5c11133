import { formatBytes } from '@varve/core/units/format-bytes'
import { stagingRuns } from '@varve/agent/runs/staging-runs'
import { findLeftovers, removeLeftover, type Leftover } from '@varve/engine/doctor/find-leftovers'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { pathOf } from '../input.ts'
import { printable } from '../output/text.ts'

export interface LeftoversOptions {
  readonly remove?: boolean
  readonly migrations?: boolean
}

/** `varve leftovers [FOLDER]`: what commands and migrations left that did not come to their end; removes it when asked to. */
export async function leftovers(
  folder: string,
  { remove = false, migrations = false }: LeftoversOptions,
  context: CommandContext,
): Outcome {
  const known = await stagingRuns(context.config.runsFolder)
  const found = await findLeftovers(pathOf(folder === '' ? '.' : folder), known)
  const removed: string[] = []
  for (const leftover of remove ? found : []) {
    if (!mayGo(leftover, migrations)) continue
    context.signal.throwIfAborted()
    await removeLeftover(leftover)
    removed.push(leftover.path)
  }
  if (context.json) {
    context.print(
      JSON.stringify({ leftovers: found.map((one) => ({ ...one, removed: removed.includes(one.path) })) }),
    )
    return exitCodes.ok
  }
  if (found.length === 0) context.print('Nothing was left.')
  for (const one of found) context.print(describe(one, removed.includes(one.path)))
  const wait = found.filter((one) => !removed.includes(one.path) && mayGo(one, true))
  if (wait.length > 0) {
    const migrating = wait.some(({ state }) => state === 'migration') ? ' --migrations' : ''
    context.remark(
      `Remove what nobody needs with: varve leftovers ${printable(folder || '.')} --remove${migrating}`,
    )
  }
  return exitCodes.ok
}

function mayGo({ state }: Leftover, migrations: boolean): boolean {
  return state === 'removable' || (state === 'migration' && migrations)
}

function describe(leftover: Leftover, isRemoved: boolean): string {
  const { path, bytes, modified, pid, run, runOf, state, visible } = leftover
  const named = `${run ?? ''}${runOf === 'fleet' ? ' --fleet' : ''}`
  const owner = {
    removable: pid === null ? 'nobody has it open' : `process ${pid} has ended`,
    running: pid === null ? 'somebody may be writing it' : `process ${pid} is still there`,
    run: `of run ${run ?? ''}, which is not over: varve runs ${named} --resume goes on, --cancel undoes it`,
    migration: 'of a migration, whose agent removes it when the migration is over',
  }[state]
  const others = visible.length === 0 ? '' : `, with ${visible.length} files whose image was not published`
  return `${isRemoved ? 'removed  ' : ''}${printable(path)}  ${formatBytes(bytes)}  ${modified}  ${owner}${others}`
}
