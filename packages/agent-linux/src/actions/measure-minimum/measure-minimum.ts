import type { AdapterOf } from '@varve/agent/actions/adapter'
import { DiskError } from '@varve/core/problems/disk-error'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { ActionInput } from '@varve/operations/actions/action-table'
import type { ResizedType } from '@varve/operations/actions/filesystem-place'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { shrinkUnit, sizesAround, sizesFor, smallestSize, upToUnit } from '@varve/operations/shrink/sizes'
import { nativeAction } from '@varve/operations/plans/shown'
import { minimumCommand } from '../../tools/filesystems/minimum-commands.ts'
import { holdDevice } from '../hold-device.ts'
import { runTied } from '../tool-steps.ts'

type Input = ActionInput<'measure-minimum'>

/** The same of a filesystem that is known; throws `invalid-request` for one that nobody has named. */
function named(input: Input): Input & { readonly type: ResizedType } {
  const { type, image } = input
  if (type !== 'filesystem') return { ...input, type }
  throw new DiskError('invalid-request', { file: image, reason: 'nobody said which filesystem it is' })
}

const commandFor = (input: Input) => minimumCommand({ ...named(input), at: deviceOf(input) })

/** Nothing is written: it is asked again after any death. */
export const measureMinimum: AdapterOf<'measure-minimum'> = {
  // The plan has asked for those that it needs.
  tools: [],
  command(input) {
    if (input.type === 'filesystem')
      return nativeAction('measure-minimum', input, 'the tool of the filesystem that is found')
    if (isGiven(input)) return nativeAction('measure-minimum', input, 'arithmetic')
    const { tool, args } = commandFor(input)
    return { argv: [tool, ...args] }
  },
  async run(input, context) {
    const { image, place, disk, group } = input
    await using _held = await holdDevice(deviceOf(input), context.ports)
    const minimum = isGiven(input) ? shrinkUnit : await runTied(commandFor(input), image, context)
    const least = sizesAround(smallestSize(minimum, named(input).type), place, group)
    if (disk === null) return { minimum, ...least }
    const sizes = sizesFor(disk, place, group)
    if (sizes.filesystem >= upToUnit(minimum)) return { minimum, ...sizes }
    throw new DiskError('refused', {
      file: image,
      reason: `its ${input.type} needs ${formatBytes(minimum)} at least, and a disk of ${formatBytes(disk)} leaves ${formatBytes(sizes.filesystem)} for it`,
      remedy: `Nothing of the image was changed. Take at least ${least.disk} bytes (--to ${least.disk}), or the smallest size with slack: --min.`,
      finding: 'too-small',
      layer: 'L6',
    })
  },
}

/** Swap needs no more than what is left for it. */
const isGiven = ({ type, disk }: Input) => type === 'swap' && disk !== null
