import type { AdapterOf } from '@varve/agent/actions/adapter'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { nativeAction } from '@varve/operations/plans/shown'
import { callScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'
import {
  askVolume,
  imageOf,
  longMs,
  partitionWords,
  placeWords,
  type MountedVolume,
} from '../work-volume/ask-volume.ts'

type Input = ActionInput<'resize-by-storage'>

/** So much of the end Windows may keep for itself where a partition grows. */
const keptAtEnd = 2 * 1024 ** 2
/** NTFS leaves less than a cluster of its partition, which has 2 MiB at most. */
const keptByNtfs = 2 * 1024 ** 2

/** Believed only from what Windows shows afterwards. Done again, it finds the size there. */
export function resizeByStorage({ scripts }: WindowsPorts): AdapterOf<'resize-by-storage'> {
  return {
    tools: [],
    command: (input) =>
      nativeAction(
        'resize-by-storage',
        input,
        `${placeWords(input)}; Resize-Partition ${partitionWords} -Size ${input.size}`,
      ),

    async run(input, context) {
      const { name, start } = input
      const before = await askVolume({ scripts }, input, context)
      const size = sizeWithin(before, input)
      await callScript(scripts, {
        script: 'resize-partition',
        parameters: { image: await imageOf(input, context), start, size },
        about: name,
        silenceMs: longMs,
        signal: context.signal,
      })
      const { size: now, volume } = await askVolume({ scripts }, input, context)
      const isFilled = volume.size <= now && (input.type !== 'ntfs' || now - volume.size < keptByNtfs)
      if (now === size && isFilled) return { size: now, volume: volume.size }
      throw new DiskError('tool-failed', {
        file: name,
        tool: 'PowerShell',
        exitCode: null,
        stderr: `Resize-Partition has ended, and Windows shows a partition of ${now} bytes with a volume of ${volume.size}, where ${size} were asked for`,
      })
    },
  }
}

/** Bytes that the partition is to have; throws where Windows does not give it that many. */
function sizeWithin({ supported: { min, max }, size: now }: MountedVolume, { way, size, type, name }: Input) {
  const wanted = way === 'grow' && size > max && size - max <= keptAtEnd ? max : size
  const isWay = way === 'grow' ? wanted >= now : wanted <= now
  if (isWay && (wanted === now || (wanted >= min && wanted <= max))) return wanted
  throw new DiskError('refused', {
    file: name,
    reason: `Windows gives its ${type} ${min} to ${max} bytes, it has ${now}, and ${wanted} would be wanted`,
    remedy:
      'Nothing of the image was changed. Choose another size, or change the container only: --partition none.',
    finding: 'partition-size-unsupported',
    layer: 'L6',
  })
}
