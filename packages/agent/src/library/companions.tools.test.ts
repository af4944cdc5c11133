import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { expect, test } from 'vitest'
import { TestScan } from '../testing/test-scan.ts'

/** A disk that would be taken for one without its name: an MBR with one Linux partition, 64 KiB. */
function partitioned(): Buffer {
  const disk = Buffer.alloc(64 * 1024)
  disk.set([0x80, 0, 2, 0, 0x83, 0, 3, 0, 1, 0, 0, 0, 100, 0, 0, 0], 446)
  disk.set([0x55, 0xaa], 510)
  return disk
}

test('what lies beside a disk is no disk, whatever its bytes', async () => {
  await using place = await tempPlace()
  const names = [
    'web-ctk.vmdk',
    'web-000001-CTK.vmdk',
    'web.nvram',
    'disk.vhdx.mrt',
    'disk.vhdx.rct',
    'web.vmem',
    'web-Snapshot1.vmsn',
    'web.vmss',
    'web.vmsd',
    'web.vmx',
    'web.vswp',
    '{1}.sav',
    'disk.qcow2.part',
    'disk.raw.crdownload',
    'disk.img.filepart',
    'web.vmdk.lck/M01234.lck',
    'web.vmdk.lck/inner.img',
    'disk.img.lck',
    'bands/0',
    'bands/1a',
    'renamed/bands/0',
    'renamed/Info.plist',
    'renamed/token',
    'Time Machine.backupbundle/Bands/0',
    'Time Machine.backupbundle/Info.bckup',
    'moved.hdd/disk.0.{5fbaabe3-6958-40ff-92a7-860e329aab41}.hds',
  ]
  for (const name of names) {
    await mkdir(dirname(place.file(name)), { recursive: true })
    await writeFile(place.file(name), partitioned())
  }
  await writeFile(place.file('noname'), partitioned())
  const { present, records } = await new TestScan(place.path).run()
  expect(present).toEqual(['Time Machine.backupbundle', 'moved.hdd', 'noname', 'renamed'])
  for (const name of ['Time Machine.backupbundle', 'moved.hdd']) {
    expect(records.get(name)?.report.problems, name).toMatchObject([{ severity: 'block' }])
  }
})

test.skipIf(!requires('qemu-img'))(
  'a header counts more than a companion’s name, a copy’s name more than both',
  async () => {
    await using place = await tempPlace()
    for (const name of ['kept-ctk.vmdk', 'memory.vmem', 'half.qcow2.part']) {
      await runToolOk('qemu-img', ['create', '-f', 'qcow2', place.file(name), '8M'])
    }
    expect((await new TestScan(place.path).run()).present).toEqual(['kept-ctk.vmdk', 'memory.vmem'])
  },
)

test.skipIf(!requires('qemu-img'))(
  'what tracks the changes of a VMDK is part of it under any name',
  async () => {
    await using place = await tempPlace()
    const options = ['-o', 'subformat=monolithicFlat']
    await runToolOk('qemu-img', ['create', '-f', 'vmdk', ...options, 'web.vmdk', '8M'], { cwd: place.path })
    await runToolOk('sed', [
      '-i',
      's/^version=1/version=1\\nchangeTrackPath="tracked.vmdk"/',
      place.file('web.vmdk'),
    ])
    await writeFile(place.file('tracked.vmdk'), partitioned())
    expect((await new TestScan(place.path).run()).present).toEqual(['web.vmdk'])
  },
)
