import type { AdapterOf } from '@varve/agent/actions/adapter'
import { DiskError } from '@varve/core/problems/disk-error'
import { nativeAction } from '@varve/operations/plans/shown'
import { z } from 'zod'
import { askScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { imageOf, longMs, placeWords } from '../work-volume/ask-volume.ts'

const Scanned = z.object({ result: z.string() })

/** What Repair-Volume tells where nothing is wrong, by name and by number: never its words. */
const clean = new Set(['NoErrorsFound', '0'])

export function scanVolume({ scripts }: WindowsPorts): AdapterOf<'scan-volume'> {
  return {
    tools: [],
    command: (input) =>
      nativeAction(
        'scan-volume',
        input,
        `${placeWords(input)}; Repair-Volume -Path (Get-Volume -Partition $partition).Path -Scan`,
      ),

    async run(input, context) {
      const { name, start, when, type } = input
      const { result } = await askScript(scripts, {
        script: 'scan-volume',
        schema: Scanned,
        parameters: { image: await imageOf(input, context), start },
        file: name,
        silenceMs: longMs,
        signal: context.signal,
      })
      if (clean.has(result)) return {}
      throw new DiskError('refused', {
        file: name,
        reason: `Windows finds its ${type} damaged${when === 'before' ? '' : ' after its size was changed'} (${result})`,
        remedy:
          when === 'before'
            ? 'Start the guest, let it repair the volume (Repair-Volume -OfflineScanAndFix), and shut it down cleanly.'
            : 'The image itself is as it was. Keep it, and report this with the log of the run.',
        finding: 'filesystem-damaged',
        layer: 'L6',
      })
    },
  }
}
