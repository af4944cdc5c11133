import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { resolveImage } from '@varve/agent/library/library-path'
import { TestScan } from '@varve/agent/testing/test-scan'
import { nodeFiles } from '@varve/engine/files/node-files'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { deviceFolder, type DeviceFolder } from '@varve/test-kit/device-folder'
import { canUseLoop, partitionedDisk } from './testing/loop-devices.ts'

const mib = 1024 ** 2

/** Volumes: a disk with a guest's ext4, a qcow2, one with nothing on it, one that a run is making, one below a dataset. */
async function volumesIn(place: TempPlace, folder: DeviceFolder): Promise<{ readonly disk: string }> {
  await mkdir(place.file('guest'))
  await writeFile(place.file('guest/words'), 'words')
  await partitionedDisk(place.file('disk'), place.file('guest'))
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', place.file('inner'), '64M'])
  await truncate(place.file('inner'), 8 * mib)
  for (const name of ['blank', 'staged', 'below']) {
    await writeFile(place.file(name), '')
    await truncate(place.file(name), 4 * mib)
  }
  const disk = await folder.add('vm-1-disk-0', place.file('disk'))
  await folder.add('vm-2', place.file('inner'))
  await folder.add('data', place.file('blank'))
  await folder.add('varve-new-0123456789ab', place.file('staged'))
  await folder.add('vms/vm-3', place.file('below'))
  return { disk }
}

describe.skipIf(!canUseLoop() || !requires('qemu-img'))('a library of volumes', () => {
  test('has each of them as an image, in any format; not what a run makes, nor partitions', async () => {
    await using place = await tempPlace()
    await using folder = await deviceFolder()
    const { disk } = await volumesIn(place, folder)
    await runToolOk('partx', ['--add', disk])
    await symlink(`${disk}p1`, join(folder.path, 'vm-1-disk-0-part1'))
    const scan = new TestScan(folder.path)
    const { records, present } = await scan.run()
    await runToolOk('partx', ['--delete', disk])
    expect(present).toEqual(['data', 'vm-1-disk-0', 'vm-2', 'vms/vm-3'])
    const facts = (name: string) => {
      const { format, virtualSize, fileSize, guest } = records.get(name)?.report ?? {}
      return { format, virtualSize, fileSize, holds: guest?.filesystems.map(({ type }) => type) }
    }
    expect(facts('vm-1-disk-0')).toEqual({
      format: 'raw',
      virtualSize: 16 * mib,
      fileSize: 16 * mib,
      holds: ['ext4'],
    })
    expect(facts('vm-2')).toMatchObject({ format: 'qcow2', virtualSize: 64 * mib, fileSize: 8 * mib })
    expect(facts('data')).toMatchObject({ format: 'raw', virtualSize: 4 * mib, holds: [] })
  })

  test('a second scan opens nothing; what was written to is looked at again', async () => {
    await using place = await tempPlace()
    await using folder = await deviceFolder()
    const { disk } = await volumesIn(place, folder)
    const scan = new TestScan(folder.path)
    await scan.run()
    expect((await scan.run()).records.size).toBe(0)
    await runToolOk('dd', ['if=/dev/zero', `of=${disk}`, 'bs=1M', 'count=16', 'oflag=direct', 'status=none'])
    const { records } = await scan.run()
    expect([...records.keys()]).toEqual(['vm-1-disk-0'])
    expect(records.get('vm-1-disk-0')?.report.guest?.table.kind).toBe('none')
  })

  test('nothing is opened but what a link in it leads to', async () => {
    await using place = await tempPlace()
    await using folder = await deviceFolder()
    const { disk } = await volumesIn(place, folder)
    await writeFile(place.file('other'), Buffer.alloc(mib))
    const other = await folder.attach(place.file('other'))
    await symlink(place.file('disk'), join(folder.path, 'file'))
    const within = nodeFiles({ roots: [folder.path] })
    for (const path of [join(folder.path, 'vm-1-disk-0'), join(folder.path, 'vms/vm-3'), disk]) {
      await using opened = await within.open(path)
      expect(opened.source.size).toBeGreaterThan(0)
    }
    for (const path of [other, place.file('disk'), join(folder.path, 'file')])
      await expect(within.open(path)).rejects.toMatchObject({ code: 'outside-library' })
    await using files = await tempPlace()
    await symlink(disk, files.file('vm'))
    await expect(nodeFiles({ roots: [files.path] }).open(files.file('vm'))).rejects.toMatchObject({
      code: 'outside-library',
    })
  })

  test('a volume keeps its own name, whatever the number of its device', async () => {
    await using place = await tempPlace()
    await using folder = await deviceFolder()
    await volumesIn(place, folder)
    const library = { name: 'vms', root: folder.path }
    expect(await resolveImage(library, 'vm-2')).toBe(join(folder.path, 'vm-2'))
    await symlink('/etc/hostname', join(folder.path, 'file'))
    await expect(resolveImage(library, 'file')).rejects.toMatchObject({ code: 'outside-library' })
    await expect(resolveImage(library, '../null')).rejects.toMatchObject({ code: 'outside-library' })
  })
})
