import { randomBytes } from 'node:crypto'
import { copyFile, open, writeFile } from 'node:fs/promises'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { blankDisk, manyFiles, onLoop, putExt4 } from '../../testing/guest-disks.ts'
import { canUseLoop } from '../../testing/loop-devices.ts'
import { lvmAlone } from '../../testing/linear-group.ts'
import { digestOf } from '../../testing/what-is-left.ts'
import { findExtents } from '../find-extents/find-extents.ts'
import { shrinkPhysical } from '../shrink-physical/shrink-physical.ts'
import { shrinkVolume } from './shrink-volume.ts'
import { unheld } from '../../testing/unheld.ts'

const mib = 1024 ** 2
const whole = { start: 0, size: null }
const slow = { timeout: 240_000 }
/** MiB at which the extents begin. */
const dataAt = 1

/** What LVM's own tools say of each volume: its size, and the extents that it lies in. */
async function volumesOf(device: string): Promise<unknown> {
  await lvmAlone(device, 'vgck', 'vg')
  const options = [
    '--reportformat',
    'json',
    '--units',
    'm',
    '--options',
    'lv_name,lv_uuid,lv_size,seg_pe_ranges',
  ]
  return (JSON.parse(await lvmAlone(device, 'lvs', '--segments', ...options, 'vg')) as { report: unknown })
    .report
}

async function bytesAt(path: string, at: number, length: number): Promise<Buffer> {
  await using file = await open(path, 'r')
  const { buffer } = await file.read(Buffer.alloc(length * mib), 0, length * mib, at * mib)
  return buffer
}

/**
 * A group of 100 MiB: a hole of 12 MiB, `root` (40 MiB) with an ext4 that has been made 20 MiB small, a hole of 4 MiB, and `data` (24 MiB)
 * of which nothing is to be lost.
 */
async function groupDisk(place: TempPlace, ext4Size = 20) {
  const path = await blankDisk({ path: place.file('a.raw'), size: 104, table: null })
  await onLoop(path, whole, async (device) => {
    await lvmAlone(device, 'pvcreate', device)
    await lvmAlone(device, 'vgcreate', 'vg', device)
    const inactive = ['-an', '-Zn', '-Wn']
    for (const [name, size] of [
      ['hole', 12],
      ['root', 40],
      ['hole2', 4],
      ['data', 24],
    ] as const)
      await lvmAlone(device, 'lvcreate', ...inactive, '-L', `${size}M`, '-n', name, 'vg')
    await lvmAlone(device, 'lvremove', '--yes', 'vg/hole', 'vg/hole2')
  })
  await putExt4(path, { from: await manyFiles(place.file('from')), start: dataAt + 12, size: ext4Size })
  const data = randomBytes(24 * mib)
  await using file = await open(path, 'r+')
  await file.write(data, 0, data.length, (dataAt + 56) * mib)
  return { path, data, root: await bytesAt(path, dataAt + 12, ext4Size) }
}

const volume = { group: 'vg', name: 'root' }
const inputOn = (image: string, device: string) => ({ image, device, partition: null, over: null, volume })

function contextOf(host: TestHost, onProgress = () => {}, signal = new AbortController().signal) {
  return { ports: { ...host.ports, holdDevice: unheld }, signal, onProgress }
}

describe.skipIf(!canUseLoop() || !requires('lvm', 'setpriv', 'mkfs.ext4'))(
  'a volume that becomes smaller',
  () => {
    test(
      'what lies at the end is moved before, the physical volume ends there; a group of the same name beside it is not touched',
      slow,
      async () => {
        await using place = await tempPlace()
        const { path, data, root } = await groupDisk(place)
        const twin = place.file('twin.raw')
        await copyFile(path, twin)
        const before = await digestOf(twin)
        await using host = openTestHost(place.path)
        const context = contextOf(host)
        await onLoop(twin, whole, async () => {
          await onLoop(path, whole, async (device) => {
            const input = inputOn(path, device)
            expect(await findExtents.run(input, context)).toEqual({
              group: { extentSize: 4 * mib, dataStart: mib, volume: 10, others: 6 },
              pieces: [{ size: 40 * mib, chunk: 40 * mib, stripes: [{ partition: null, at: 13 * mib }] }],
            })
            // LVM itself would not.
            await expect(shrinkPhysical.run({ ...input, size: 45 * mib }, context)).rejects.toMatchObject({
              code: 'tool-failed',
            })
            const asked = { ...input, size: 20 * mib, physical: 45 * mib }
            expect(await shrinkVolume.run(asked, context)).toEqual({ size: 20 * mib, moved: 24 * mib })
            const then = await volumesOf(device)
            expect(then).toMatchObject([
              {
                seg: [
                  { lv_name: 'data', seg_pe_ranges: `${device}:0-2` },
                  { lv_name: 'data', seg_pe_ranges: `${device}:8-10` },
                  { lv_name: 'root', lv_size: '20.00m', seg_pe_ranges: `${device}:3-7` },
                ],
              },
            ])
            expect(await shrinkVolume.run(asked, context)).toEqual({ size: 20 * mib, moved: 0 })
            expect(await volumesOf(device)).toEqual(then)
            for (const _ of [1, 2])
              expect(await shrinkPhysical.run({ ...input, size: 45 * mib }, context)).toEqual({
                size: 45 * mib,
              })
            const said = await lvmAlone(
              device,
              'pvs',
              '--noheadings',
              '--units',
              'b',
              '-o',
              'pv_pe_count,pv_pe_alloc_count,pv_size',
            )
            expect(said.trim().split(/\s+/u)).toEqual(['11', '11', `${44 * mib}B`])
          })
        })
        expect((await bytesAt(path, dataAt + 12, 20)).equals(root)).toBe(true)
        const [front, back] = [await bytesAt(path, dataAt, 12), await bytesAt(path, dataAt + 32, 12)]
        expect(Buffer.concat([front, back]).equals(data)).toBe(true)
        // What is cut off behind does not matter to it.
        await runToolOk('truncate', ['-s', '45M', path])
        await onLoop(path, whole, async (device) => {
          await lvmAlone(device, 'vgck', 'vg')
          expect(await lvmAlone(device, 'pvck', device)).not.toMatch(/warning/iu)
        })
        await onLoop(path, { start: (dataAt + 12) * mib, size: 20 * mib }, async (device) => {
          expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
        })
        expect(await digestOf(twin)).toBe(before)
      },
    )

    test(
      'ended while extents are copied, the group is as it was, and the next attempt does all of it',
      slow,
      async () => {
        await using place = await tempPlace()
        const { path, data } = await groupDisk(place)
        await using host = openTestHost(place.path)
        await onLoop(path, whole, async (device) => {
          const before = await volumesOf(device)
          const asked = { ...inputOn(path, device), size: 20 * mib, physical: 45 * mib }
          for (const last of [1, 3, 6]) {
            const stop = new AbortController()
            let done = 0
            const onProgress = () => {
              done += 1
              if (done === last) stop.abort()
            }
            const running = shrinkVolume.run(asked, contextOf(host, onProgress, stop.signal))
            await expect(running).rejects.toThrow()
            // All of it is copied: the metadata follow at once.
            if (last < 6) expect(await volumesOf(device)).toEqual(before)
          }
          expect(await volumesOf(device)).not.toEqual(before)
          expect(await shrinkVolume.run(asked, contextOf(host))).toEqual({ size: 20 * mib, moved: 0 })
        })
        const [front, back] = [await bytesAt(path, dataAt, 12), await bytesAt(path, dataAt + 32, 12)]
        expect(Buffer.concat([front, back]).equals(data)).toBe(true)
      },
    )

    test(
      'with nothing written: a filesystem that ends behind, none at all, no room, more than it has',
      slow,
      async () => {
        await using place = await tempPlace()
        const { path } = await groupDisk(place, 40)
        await using host = openTestHost(place.path)
        const context = contextOf(host)
        await onLoop(path, whole, async (device) => {
          const before = await volumesOf(device)
          const input = inputOn(path, device)
          const refusals: readonly (readonly [object, string])[] = [
            [{ size: 20 * mib, physical: 60 * mib }, 'has 41943040 bytes'],
            [{ volume: { group: 'vg', name: 'data' }, size: 8 * mib, physical: 60 * mib }, 'no filesystem'],
            [{ size: 40 * mib, physical: 60 * mib }, 'do not fit'],
            [{ size: 44 * mib, physical: 100 * mib }, 'has 10 extents'],
            [{ volume: { group: 'vg', name: 'other' }, size: mib, physical: 60 * mib }, 'no logical volume'],
          ]
          for (const [more, words] of refusals)
            await expect(
              shrinkVolume.run({ ...input, size: mib, physical: mib, ...more }, context),
            ).rejects.toMatchObject({
              code: 'refused',
              message: expect.stringContaining(words) as string,
              details: { finding: 'volume-not-shrunk' },
            })
          expect(await volumesOf(device)).toEqual(before)
          const plain = place.file('plain.raw')
          await writeFile(plain, Buffer.alloc(mib))
          await onLoop(plain, whole, async (other) => {
            await expect(findExtents.run(inputOn(path, other), context)).rejects.toMatchObject({
              code: 'refused',
            })
          })
        })
      },
    )

    test('two copies of the metadata: refused', slow, async () => {
      await using place = await tempPlace()
      const path = await blankDisk({ path: place.file('a.raw'), size: 104, table: null })
      await using host = openTestHost(place.path)
      await onLoop(path, whole, async (device) => {
        await lvmAlone(device, 'pvcreate', '--metadatacopies', '2', device)
        await lvmAlone(device, 'vgcreate', 'vg', device)
        for (const name of ['hole', 'root'])
          await lvmAlone(device, 'lvcreate', '-an', '-Zn', '-Wn', '-L', '12M', '-n', name, 'vg')
        await lvmAlone(device, 'lvremove', '--yes', 'vg/hole')
        const before = await volumesOf(device)
        const asked = { ...inputOn(path, device), size: 12 * mib, physical: 16 * mib }
        await expect(shrinkVolume.run(asked, contextOf(host))).rejects.toMatchObject({
          code: 'refused',
          message: expect.stringContaining('one copy') as string,
        })
        expect(await volumesOf(device)).toEqual(before)
      })
    })
  },
)
