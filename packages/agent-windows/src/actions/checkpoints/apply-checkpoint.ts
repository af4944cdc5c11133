import type { AdapterOf } from '@varve/agent/actions/adapter'
import { DiskError } from '@varve/core/problems/disk-error'
import { nativeAction } from '@varve/operations/plans/shown'
import { callScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { checkpointOf, fileOf, machineNow } from './machine-of.ts'

/** `Restore-VMSnapshot`; done again it changes nothing. */
export function applyCheckpoint({ scripts, windows }: WindowsPorts): AdapterOf<'apply-checkpoint'> {
  return {
    tools: [],
    command: (input) =>
      nativeAction(
        'apply-checkpoint',
        input,
        `Restore-VMSnapshot -Confirm:$false -VMSnapshot ${checkpointOf(input.machine, input)}`,
      ),

    async run(input, context) {
      const { machine, checkpoint, name } = input
      const found = await machineNow(input, windows, context)
      const file = fileOf(found)
      const { signal } = context
      await callScript(scripts, {
        script: 'restore-checkpoint',
        parameters: { machine, checkpoint },
        about: file,
        signal,
      })
      const { checkpoints } = await machineNow(input, windows, context)
      if (checkpoints.current === checkpoint.toLowerCase()) return {}
      throw new DiskError('tool-failed', {
        file,
        tool: 'Restore-VMSnapshot',
        exitCode: 0,
        stderr: `the machine does not stand on the checkpoint ${JSON.stringify(name)} after it`,
      })
    },
  }
}
