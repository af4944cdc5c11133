import type { AdapterOf } from '@varve/agent/actions/adapter'
import { DiskError, quote } from '@varve/core/problems/disk-error'
import { nativeAction } from '@varve/operations/plans/shown'
import { z } from 'zod'
import { askScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { cmdlet } from '../cmdlets.ts'
import { fileOf, machineNow, vmOf } from './machine-of.ts'

const Kind = z.object({ kind: z.string() })

/** `Set-VM -CheckpointType`; done again it changes nothing. */
export function setCheckpointKind({ scripts, windows }: WindowsPorts): AdapterOf<'set-checkpoint-kind'> {
  return {
    tools: [],
    command: (input) =>
      nativeAction(
        'set-checkpoint-kind',
        input,
        `${cmdlet('Set-VM', { CheckpointType: input.kind })} -VM ${vmOf(input.machine)}`,
      ),

    async run(input, context) {
      const { machine, kind, before } = input
      const found = await machineNow(input, windows, context)
      const file = fileOf(found)
      const now = found.checkpoints.kind
      if (now === kind) return {}
      if (now !== before) throw changed(file, now)
      const asked = { script: 'set-checkpoint-kind', schema: Kind, parameters: { machine, kind } } as const
      const told = await askScript(scripts, { ...asked, file, signal: context.signal })
      if (told.kind === kind) return {}
      throw new DiskError('tool-failed', {
        file,
        tool: 'Set-VM',
        exitCode: 0,
        stderr: `the machine makes checkpoints of the kind ${told.kind} after it`,
      })
    },
  }
}

function changed(file: string, now: string | null): DiskError {
  return new DiskError('refused', {
    file,
    finding: 'machine-changed',
    layer: 'L2',
    reason: `its machine was set to checkpoints of the kind ${quote(now ?? '')} meanwhile`,
    remedy: 'Plan it again.',
  })
}
