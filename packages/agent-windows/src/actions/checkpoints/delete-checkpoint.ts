import { setTimeout as sleep } from 'node:timers/promises'
import type { AdapterOf } from '@varve/agent/actions/adapter'
import { nativeAction } from '@varve/operations/plans/shown'
import { scriptProblem } from '../../powershell/script-problem.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { checkpointOf, machineNow } from './machine-of.ts'

/** `Remove-VMSnapshot`, and the merge of its files after it, which takes as long as there is to merge. */
export function deleteCheckpoint({
  scripts,
  windows,
  everyMs = 1000,
}: WindowsPorts & { readonly everyMs?: number }): AdapterOf<'delete-checkpoint'> {
  return {
    tools: [],
    command: (input) =>
      nativeAction(
        'delete-checkpoint',
        input,
        `Remove-VMSnapshot -Confirm:$false -VMSnapshot ${checkpointOf(input.machine, input.checkpoint ?? input.name)}`,
      ),

    async run(input, context) {
      const { machine, called, name } = input
      const found = await machineNow(input, windows, context)
      const named = found.checkpoints.all.find((one) => one.name === name)?.id ?? null
      const checkpoint = input.checkpoint ?? named
      if (checkpoint === null) return { wasThere: false }
      try {
        const { signal } = context
        await scripts.call('remove-checkpoint', { machine, checkpoint }, { signal, silenceMs: 600_000 })
      } catch (error) {
        throw scriptProblem(error, found.drives[0]?.path ?? called)
      }
      for (;;) {
        const { checkpoints } = await machineNow(input, windows, context)
        const isThere = checkpoints.all.some(({ id }) => id === checkpoint)
        if (!isThere && !checkpoints.isMerging)
          return { wasThere: found.checkpoints.all.some(({ id }) => id === checkpoint) }
        await sleep(everyMs, undefined, { signal: context.signal })
      }
    },
  }
}
