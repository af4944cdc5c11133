import type { AdapterOf } from '@varve/agent/actions/adapter'
import { nativeAction } from '@varve/operations/plans/shown'
import { z } from 'zod'
import { askScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import { usualWaits } from '../waits.ts'
import { imageOf, placeWords } from '../work-volume/ask-volume.ts'

const Online = z.object({ wasOffline: z.boolean() })

/** Of the disk at that place, and no other. */
export function bringOnline({
  scripts,
  waits: { diskSeconds } = usualWaits,
}: WindowsPorts): AdapterOf<'bring-online'> {
  return {
    tools: [],
    command: (input) =>
      nativeAction(
        'bring-online',
        input,
        `${placeWords(input)}; Set-Disk -Number $disk.Number -IsOffline $false, where its policy keeps it offline`,
      ),

    async run(input, context) {
      const { name, start } = input
      return await askScript(scripts, {
        script: 'online-disk',
        schema: Online,
        parameters: { image: await imageOf(input, context), start, seconds: diskSeconds },
        file: name,
        signal: context.signal,
      })
    },
  }
}
