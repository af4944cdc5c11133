import type { AdapterOf } from '@varve/agent/actions/adapter'
import { nativeAction } from '@varve/operations/plans/shown'
import { z } from 'zod'
import { MachineId } from '@varve/protocol/machines'
import { scriptProblem } from '../../powershell/script-problem.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { cmdlet } from '../cmdlets.ts'
import { machineNow, vmOf } from './machine-of.ts'

const Made = z.object({ id: MachineId })

/** `Checkpoint-VM`: of the kind that the machine is set to. */
export function createCheckpoint({ scripts, windows }: WindowsPorts): AdapterOf<'create-checkpoint'> {
  return {
    tools: [],
    command: (input) =>
      nativeAction(
        'create-checkpoint',
        input,
        `${cmdlet('Checkpoint-VM', { SnapshotName: input.name, Passthru: true })} -VM ${vmOf(input.machine)}`,
      ),

    async run(input, context) {
      const { machine, name, called } = input
      const found = await machineNow(input, windows, context)
      const { signal } = context
      try {
        const { id } = Made.parse(
          await scripts.call('checkpoint-machine', { machine, name }, { signal, silenceMs: 600_000 }),
        )
        return { checkpoint: id }
      } catch (error) {
        throw scriptProblem(error, found.drives[0]?.path ?? called)
      }
    },

    async isDone(input, context) {
      const { checkpoints } = await machineNow(input, windows, context)
      const made = checkpoints.all.find(({ name }) => name === input.name)
      return made ? { checkpoint: made.id } : null
    },
  }
}
