import type { AdapterOf } from '@varve/agent/actions/adapter'
import { DiskError, quote } from '@varve/core/problems/disk-error'
import { nativeAction } from '@varve/operations/plans/shown'
import { z } from 'zod'
import { MachineId } from '@varve/protocol/machines'
import { askScript } from '../../powershell/ask-script.ts'
import { hasFailedForGood } from '../../powershell/script-problem.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { cmdlet } from '../cmdlets.ts'
import { forgetBegun, madeOf, noteBegun, readBegun } from './begun.ts'
import { fileOf, machineNow, vmOf } from './machine-of.ts'

const Made = z.object({ id: MachineId })
const silenceMs = 600_000

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
      const { attempt, machine, name } = input
      const { ports, signal } = context
      const found = await machineNow(input, windows, context)
      const file = fileOf(found)
      const { all } = found.checkpoints
      if (all.some((one) => one.name === name)) throw taken(file, name)
      const begun = { attempt, machine, name, before: all.map(({ id }) => id), made: null }
      await noteBegun(ports, begun)
      try {
        const asked = { script: 'checkpoint-machine', schema: Made, parameters: { machine, name } } as const
        const { id } = await askScript(scripts, { ...asked, file, signal, silenceMs })
        await noteBegun(ports, { ...begun, made: id })
        return { checkpoint: id }
      } catch (error) {
        if (hasFailedForGood(error)) await forgetBegun(ports, begun)
        throw error
      }
    },

    async isDone(input, context) {
      const begun = await readBegun(context.ports, input.attempt)
      const made = begun && madeOf(begun, await machineNow(input, windows, context))
      return made === null ? null : { checkpoint: made }
    },
  }
}

function taken(file: string, name: string): DiskError {
  return new DiskError('refused', {
    file,
    finding: 'snapshot-exists',
    layer: 'L2',
    reason: `its machine has a checkpoint ${quote(name)} meanwhile`,
    remedy: 'Choose another name.',
  })
}
