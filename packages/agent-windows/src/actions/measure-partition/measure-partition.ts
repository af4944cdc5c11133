import type { AdapterOf } from '@varve/agent/actions/adapter'
import { DiskError } from '@varve/core/problems/disk-error'
import { formatBytes } from '@varve/core/units/format-bytes'
import { nativeAction } from '@varve/operations/plans/shown'
import { sizesAround, sizesFor, smallestSize } from '@varve/operations/shrink/sizes'
import type { WindowsPorts } from '../adapter-table.ts'
import { askVolume, partitionWords, placeWords } from '../work-volume/ask-volume.ts'

/** Nothing is written: it is asked again after any death. */
export function measurePartition({ scripts }: WindowsPorts): AdapterOf<'measure-partition'> {
  return {
    tools: [],
    command: (input) =>
      nativeAction(
        'measure-partition',
        input,
        `${placeWords(input)}; Get-PartitionSupportedSize ${partitionWords}`,
      ),

    async run(input, context) {
      const { name, type, start, length, behind, disk } = input
      const { supported, size: now } = await askVolume({ scripts }, input, context)
      const minimum = supported.min
      const place = { start, length, behind }
      const least = sizesAround(smallestSize(minimum, 'ntfs'), place)
      const sizes = disk === null ? least : sizesFor(disk, place)
      const size = sizes.end - start
      if (size >= minimum && size < now) return { minimum, size, disk: sizes.disk }
      throw new DiskError('refused', {
        file: name,
        reason: `Windows makes its ${type} no smaller than ${formatBytes(minimum)} (${minimum} bytes), and ${disk === null ? 'with slack that is no less than it has' : `a disk of ${formatBytes(disk)} leaves ${formatBytes(Math.max(0, size))} for it`}`,
        remedy:
          disk === null
            ? 'Nothing of the image was changed. Delete files in the guest, or defragment it there: what cannot be moved lies far behind.'
            : `Nothing of the image was changed. Take at least ${least.disk} bytes (--to ${least.disk}), or the smallest size with slack: --min.`,
        finding: 'too-small',
        layer: 'L6',
      })
    },
  }
}
