import { mkdir, readlink, rm, symlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { AdapterOf, AdapterTable } from '@varve/agent/actions/adapter'
import { mappedPrefix, mappedVolume } from '@varve/core/volumes/mapped-names'
import type { DeviceWays } from '@varve/operations/attach/facts'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { runToolOk } from '@varve/test-kit/tools'
import { linuxAdapters } from '../actions/adapter-table.ts'
import { mapVolume } from '../actions/map-volume/map-volume.ts'
import { removeMapping } from '../actions/remove-mapping/remove-mapping.ts'

/** What this host is said to have. */
export const ways: Partial<DeviceWays> = { mapper: 'there' }

/**
 * A container has no device mapper: a volume of one run is a loop device over the device that it lies on, under the name of its mapping.
 * What the kernel's own does is tested in the lab.
 */
const mapByLoop: AdapterOf<'map-volume'> = {
  tools: [],
  command: (input) => mapVolume.command(input),
  async run({ attachment, device, over, volume, isReadOnly, pieces }) {
    const [piece, ...more] = pieces
    const [stripe, ...others] = piece?.stripes ?? []
    if (!piece || !stripe || more.length + others.length > 0) throw new RangeError('it has several runs')
    const mapped = mappedVolume(attachment, volume)
    const { size } = piece
    if ((await readlink(mapped).catch(() => null)) !== null) return { mapped, volume, size }
    const loop = await runToolOk('losetup', [
      '--find',
      '--show',
      ...(isReadOnly ? ['--read-only'] : []),
      '--offset',
      String(stripe.at),
      '--sizelimit',
      String(size),
      over ?? deviceOf({ device, partition: stripe.partition }),
    ])
    await mkdir(dirname(mapped), { recursive: true })
    await symlink(loop.trim(), mapped)
    return { mapped, volume, size }
  },
}

const removeLoop: AdapterOf<'remove-mapping'> = {
  tools: [],
  command: (input) => removeMapping.command(input),
  async run({ attachment, mapped }) {
    if (!mapped.startsWith(mappedPrefix(attachment))) throw new RangeError('it is of another attachment')
    const loop = await readlink(mapped).catch(() => null)
    if (loop === null) return { mapped }
    await runToolOk('losetup', ['--detach', loop])
    await rm(mapped)
    return { mapped }
  },
}

/** For processes of a walk of kills too, which find them by this module's URL. */
export const adapters: AdapterTable = {
  ...linuxAdapters,
  'map-volume': async () => Promise.resolve(mapByLoop),
  'remove-mapping': async () => Promise.resolve(removeLoop),
}
