import type { AdapterOf } from '@varve/agent/actions/adapter'
import { DiskError } from '@varve/core/problems/disk-error'
import { readError } from '@varve/engine/system/system-error'
import { nativeAction } from '@varve/operations/plans/shown'
import type { WindowsPorts } from '../adapter-table.ts'
import { noVolume, placeWords, volumePath } from '../work-volume/ask-volume.ts'
import { walkVolume } from './walk-volume.ts'

/** By the name that Windows gives the volume, so that no drive letter is needed. */
export function digestVolume({ scripts }: WindowsPorts): AdapterOf<'digest-volume'> {
  return {
    tools: [],
    command: (input) =>
      nativeAction(
        'digest-volume',
        input,
        `${placeWords(input)}; reads (Get-Volume -Partition $partition).Path, SHA-256`,
      ),

    async run(input, context) {
      const { name, type, allContents, expected } = input
      const path = await volumePath({ scripts }, input, context)
      if (path === null) throw noVolume(name)
      const found = await walkVolume(path, { allContents, signal: context.signal }).catch(
        (error: unknown) => {
          throw readError(error, name)
        },
      )
      if (expected === null || found.digest === expected) return found
      throw new DiskError('refused', {
        file: name,
        reason: `the files of its ${type} are not what they were before: ${expected.slice(0, 16)}… became ${found.digest.slice(0, 16)}…`,
        remedy: 'Nothing of the original was changed. Keep it, and report this with the log of the run.',
        finding: 'files-differ',
        layer: 'L7',
      })
    },
  }
}
