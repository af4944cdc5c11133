import { volumesIn } from '@varve/agent/operations/guest-volumes'
import { nativeAdapter } from '@varve/agent/actions/native'
import { DiskError } from '@varve/core/problems/disk-error'
import { readGuestContents } from '@varve/core/scan/read-guest'
import { openInput } from '@varve/engine/run/open-input'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { physicalOf } from '@varve/operations/actions/physical-place'
import { nativeAction, commandLine } from '@varve/operations/plans/shown'
import { freeExtents, growLogical, growPhysical } from '../../tools/lvm/resize-commands.ts'
import { holdDevice } from '../hold-device.ts'
import { runTied } from '../tool-steps.ts'

type Input = ActionInput<'resize-volume'>

/** Once more after a death it does what is left of it. */
export const resizeVolume = {
  ...nativeAdapter('resize-volume', {
    calls: 'lvm pvresize, lvm lvextend, read(2) of the metadata of LVM',

    async run(input, context) {
      const { image, volume } = input
      const device = physicalOf(input)
      await using _disk = await holdDevice(input.device, context.ports)
      await using _physical = await holdDevice(device, context.ports)
      await runTied(growPhysical(device), image, context)
      const free = await runTied(freeExtents(device, volume.group), image, context)
      if (free > 0) await runTied(growLogical(device, volume), image, context)
      return await volumeNow(input, context.signal)
    },
  }),

  command(input: Input) {
    const device = physicalOf(input)
    const lines = [growPhysical(device), growLogical(device, input.volume)].map(({ tool, args }) =>
      commandLine({ argv: [tool, ...args] }),
    )
    return nativeAction('resize-volume', input, lines.join(', then '))
  },
}

/** Where the logical volume lies now, as Varve reads it itself. */
async function volumeNow({ image, device, over, volume }: Input, signal: AbortSignal) {
  const source = { kind: 'image', path: over ?? device, roots: null, format: 'raw', choices: {} } as const
  await using opened = await openInput(source, { io: 'async', signal })
  const guest = await readGuestContents(opened.disk, { signal })
  const found = (await volumesIn(opened.disk, guest, { signal, isLookedInto: () => false })).find(
    ({ group, name }) => group === volume.group && name === volume.name,
  )
  if (found?.pieces) return { size: found.size, pieces: [...found.pieces] }
  throw new DiskError('refused', {
    file: image,
    reason: `the logical volume ${volume.group}/${volume.name} ${found?.reason ?? 'is not there any more'}`,
    remedy: 'Grow the container only (--partition none), and the rest inside the guest.',
    finding: 'volume-not-grown',
    layer: 'L5',
  })
}
