import type { AdapterOf } from '@varve/agent/actions/adapter'
import { DiskError } from '@varve/core/problems/disk-error'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { shrinkUnit, sizesAround, sizesFor, smallestSize } from '@varve/operations/shrink/sizes'
import { minimumCommand } from '../../tools/filesystems/minimum-commands.ts'
import { assertDeviceInLibraries } from '../in-libraries.ts'
import { runTied } from '../tool-steps.ts'

const commandFor = (input: ActionInput<'measure-minimum'>) =>
  minimumCommand({ ...input, at: deviceOf(input) })

/** Nothing is written: it is asked again after any death. */
export const measureMinimum: AdapterOf<'measure-minimum'> = {
  // The plan has asked for those that it needs.
  tools: [],
  command(input) {
    const { tool, args } = commandFor(input)
    return { argv: [tool, ...args] }
  },
  async run(input, context) {
    const { image, type, place, disk } = input
    await assertDeviceInLibraries(deviceOf(input), context.ports)
    const minimum = await runTied(commandFor(input), image, context)
    const least = sizesAround(smallestSize(minimum, type), place)
    if (disk === null) return { minimum, ...least }
    const sizes = sizesFor(disk, place)
    if (sizes.filesystem >= Math.ceil(minimum / shrinkUnit) * shrinkUnit) return { minimum, ...sizes }
    throw new DiskError('refused', {
      file: image,
      reason: `its ${type} needs ${formatBytes(minimum)} at least, and a disk of ${formatBytes(disk)} leaves ${formatBytes(sizes.filesystem)} for it`,
      remedy: `Nothing of the image was changed. Take at least ${least.disk} bytes (--to ${least.disk}), or the smallest size with slack: --min.`,
      finding: 'too-small',
      layer: 'L6',
    })
  },
}
