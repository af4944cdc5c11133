import type { AdapterOf } from '@varve/agent/actions/adapter'
import { assertNotUsed } from '@varve/agent/actions/unused'
import { cutDisk } from '@varve/engine/cutting/cut-disk'
import { DiskError } from '@varve/core/problems/disk-error'
import { commandLine, nativeAction } from '@varve/operations/plans/shown'
import { wholeUnits } from '@varve/operations/volumes/resized'
import { deviceSize } from '../device-size.ts'
import { assertOwnHost } from '../kernel-action.ts'
import { reduceStaged } from '../resize-staged.ts'
import { aboutVolume, namesOf } from '../volume-names.ts'

/** A call that is repeated after a death finds the disk whole, written at its new end or cut. */
export const cutVolume: AdapterOf<'cut-volume'> = {
  tools: [],
  command(input) {
    const [{ tool, args }, older] = reduceStaged({ ...input, size: wholeUnits(input.size, input.unit) })
    const cut = `${commandLine({ argv: [tool, ...args] })}${older ? ', or without --fs where LVM does not know it' : ''}`
    return nativeAction(
      'cut-volume',
      input,
      `pread(2) of tables, volumes and superblocks, pwrite(2) of the GPT at the new end, fsync(2), then ${cut}`,
    )
  },

  async run(input, context) {
    const about = aboutVolume(input)
    assertOwnHost(context, about)
    const { ports, signal } = context
    const { stagedDevice: device } = namesOf(input)
    const before = deviceSize(device)
    const size = wholeUnits(input.size, input.unit)
    if (before === null || before < size)
      throw new DiskError('refused', {
        file: about,
        reason: `the volume that was to be cut to ${size} bytes ${before === null ? 'is not there' : `has ${before}`}`,
        remedy: 'Start again: the original is as it was.',
      })
    await assertNotUsed([device], ports)
    return await cutDisk(device, {
      size,
      name: about,
      shorten: async () => {
        if (deviceSize(device) === size) return
        const [first, older] = reduceStaged({ ...input, size })
        const isCut = await ports.tools.run(first, { signal, file: about })
        if (isCut === false && older) await ports.tools.run(older, { signal, file: about })
      },
    })
  },
}
