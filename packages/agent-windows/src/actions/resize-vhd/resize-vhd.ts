import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertNotUsed } from '@varve/agent/actions/unused'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { askScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { cmdlet } from '../cmdlets.ts'
import { imageOf, longMs } from '../work-volume/ask-volume.ts'

/** The cmdlet that `resize-vhd.ps1` runs where the size is another one. */
export function resizeCmdlet({ work, size }: ActionInput<'resize-vhd'>): string {
  return cmdlet('Resize-VHD', { Path: work, SizeBytes: size })
}

export function resizeVhd({ scripts }: WindowsPorts): AdapterOf<'resize-vhd'> {
  return {
    tools: [],
    command: (input) => nativeAction('resize-vhd', input, resizeCmdlet(input)),

    async run(input, context) {
      const { work, name, size } = input
      const image = await imageOf(input, context)
      await assertNotUsed([work], context.ports)
      const found = await askScript(scripts, {
        script: 'resize-vhd',
        schema: z.object({ size: Bytes }),
        parameters: { image, size },
        file: name,
        silenceMs: longMs,
        signal: context.signal,
      })
      if (found.size === size) return found
      throw new DiskError('tool-failed', {
        file: name,
        tool: 'PowerShell',
        exitCode: null,
        stderr: `Resize-VHD has ended, and the disk has ${found.size} bytes, where ${size} were asked for`,
      })
    },
  }
}
