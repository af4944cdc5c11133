import { copyFile, truncate } from 'node:fs/promises'
import { openTestHost } from '@varve/agent/testing/test-host'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { expect, test } from 'vitest'
import { blankDisk, onLoop } from '../../testing/guest-disks.ts'
import { canUseLoop } from '../../testing/loop-devices.ts'
import { digestOf } from '../../testing/what-is-left.ts'
import { resizeVolume } from './resize-volume.ts'
import { unheld } from '../../testing/unheld.ts'

const mib = 1024 ** 2
const whole = { start: 0, size: null }

/** A tool of LVM that sees one device, and asks nothing of the kernel. */
async function lvm(device: string, name: string, ...args: readonly string[]): Promise<string> {
  const alone = ['--devices', device, '--driverloaded', 'n', '--config', 'backup{backup=0 archive=0}']
  return await runToolOk('lvm', [name, ...alone, ...args])
}

test.skipIf(!canUseLoop() || !requires('lvm', 'setpriv'))(
  'a volume gets the room of its group, once and no more; a group of the same name and UUID beside it is not touched',
  { timeout: 120_000 },
  async () => {
    await using place = await tempPlace()
    const path = await blankDisk({ path: place.file('a.raw'), size: 64, table: null })
    await onLoop(path, whole, async (device) => {
      await lvm(device, 'pvcreate', device)
      await lvm(device, 'vgcreate', 'vg', device)
      const inactive = ['-an', '-Zn', '-Wn']
      await lvm(device, 'lvcreate', ...inactive, '-L', '20M', '-n', 'root', 'vg')
      await lvm(device, 'lvcreate', ...inactive, '-L', '8M', '-n', 'swap', 'vg')
    })
    const twin = place.file('twin.raw')
    await copyFile(path, twin)
    const before = await digestOf(twin)
    await truncate(path, 128 * mib)
    await using host = openTestHost(place.path)
    const context = {
      ports: { ...host.ports, holdDevice: unheld },
      signal: new AbortController().signal,
      onProgress: () => {},
    }
    await onLoop(twin, whole, async () => {
      await onLoop(path, whole, async (device) => {
        const volume = { group: 'vg', name: 'root' }
        const input = { image: path, device, partition: null, over: null, volume }
        const grown = await resizeVolume.run(input, context)
        expect(grown.size).toBe(116 * mib)
        expect(grown.pieces).toEqual([
          { size: 20 * mib, chunk: 20 * mib, stripes: [{ partition: null, at: mib }] },
          { size: 96 * mib, chunk: 96 * mib, stripes: [{ partition: null, at: 29 * mib }] },
        ])
        expect(await resizeVolume.run(input, context)).toEqual(grown)
        await expect(
          resizeVolume.run({ ...input, volume: { group: 'vg', name: 'other' } }, context),
        ).rejects.toMatchObject({ code: 'refused', details: { finding: 'volume-not-grown' } })
      })
    })
    expect(await digestOf(twin)).toBe(before)
  },
)
