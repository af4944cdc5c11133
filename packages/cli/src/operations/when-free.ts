import { setTimeout as sleep } from 'node:timers/promises'
import { fromErrorRecord, DiskError, isDiskError } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import type { CommandContext } from '../command.ts'
import { printable } from '../output/text.ts'

const lookMs = 500

/** Does `work` again and again as long as another run stands in its way; says once for which one it waits. */
export async function whenFree<T>(
  context: Pick<CommandContext, 'signal' | 'remark'>,
  work: () => Promise<T>,
): Promise<T> {
  let told = ''
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isDiskError(error, 'run-busy')) throw error
      const { run, operation } = error.details
      if (run !== told) context.remark(printable(`Waits for the end of the run ${run} (${operation}).`))
      told = run
      await sleep(lookMs, undefined, { signal: context.signal }).catch(() => {
        throw new DiskError('canceled', { file: error.file, what: 'the command' })
      })
    }
  }
}

/** Throws `run-busy` when that is why something is refused. */
export function throwBusy(problems: readonly Problem[]): void {
  const busy = problems.find(({ id }) => id === 'run-busy')
  if (busy) throw problemError(busy)
}

/** A finding as the error that says the same. */
export function problemError({ id: code, layer, file, message, remedy, details = {} }: Problem): DiskError {
  return fromErrorRecord({ code, layer, file: file ?? code, message, remedy, details })
}
