import { mkdir, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import type { ImageRecord } from '@varve/protocol/images'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { TestScan } from '../testing/test-scan.ts'

const raw = Buffer.alloc(64 * 1024)

const sparsebundleInfo = `<plist version="1.0"><dict><key>band-size</key><integer>65536</integer>
<key>diskimage-bundle-type</key><string>com.apple.diskimage.sparsebundle</string>
<key>size</key><integer>1048576</integer></dict></plist>`

const diskDescriptor = `<Parallels_disk_image><Disk_Parameters><Disk_size>128</Disk_size></Disk_Parameters>
<StorageData><Storage><Start>0</Start><End>128</End><Blocksize>2048</Blocksize><Image><GUID>{a}</GUID>
<Type>Plain</Type><File>part.hds</File></Image></Storage></StorageData></Parallels_disk_image>`

function codesOf(record: ImageRecord | undefined): string[] {
  return (record?.report.problems ?? []).filter(({ severity }) => severity === 'block').map(({ id }) => id)
}

describe('scanLibrary', () => {
  test('finds images in folders, and nothing else', async () => {
    await using place = await tempPlace()
    await mkdir(place.file('a/b'), { recursive: true })
    await writeFile(place.file('a/b/deep.img'), raw)
    await writeFile(place.file('top.raw'), raw)
    await writeFile(place.file('readme.txt'), 'x'.repeat(100_000))
    await writeFile(place.file('random.bin'), Buffer.alloc(64 * 1024, 'x'))
    await writeFile(place.file('.hidden.raw'), raw)
    await writeFile(place.file('.web.p1.part'), raw)
    await writeFile(place.file('copy.raw.part'), raw)
    await writeFile(place.file('empty.raw'), '')
    const { present, partFiles } = await new TestScan(place.path).run()
    expect(present).toEqual(['a/b/deep.img', 'top.raw'])
    expect(partFiles).toEqual([place.file('.web.p1.part')])
  })

  test('a second scan opens nothing; a change opens only what changed', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('a.raw'), raw)
    await writeFile(place.file('b.raw'), raw)
    await writeFile(place.file('notes.txt'), 'no image')
    const scan = new TestScan(place.path)
    expect((await scan.run()).records.size).toBe(2)
    const second = await scan.run()
    expect([second.records.size, scan.inspected, second.present]).toEqual([0, [], ['a.raw', 'b.raw']])
    await truncate(place.file('b.raw'), 128 * 1024)
    const third = await scan.run()
    expect([...third.records.keys()]).toEqual(['b.raw'])
    expect(third.records.get('b.raw')?.report.virtualSize).toBe(128 * 1024)
    expect(scan.inspected).toEqual([place.file('b.raw')])
  })

  test('what was renamed or removed is not present any more', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('a.raw'), raw)
    await writeFile(place.file('b.raw'), raw)
    const scan = new TestScan(place.path)
    await scan.run()
    await rename(place.file('a.raw'), place.file('c.raw'))
    await rm(place.file('b.raw'))
    expect((await scan.run()).present).toEqual(['c.raw'])
  })

  test('names with newlines, quotes and pseudo-protocols are files like others', async () => {
    await using place = await tempPlace()
    const names = [
      'new\nline.raw',
      'quo"te\'s.raw',
      'json:{"driver":"null-co"}.raw',
      'nbd:unix:x.raw',
      '-rf.raw',
      ' .raw',
    ]
    for (const name of names) await writeFile(place.file(name), raw)
    const { present, records } = await new TestScan(place.path).run()
    expect(present).toEqual([...names].sort())
    for (const record of records.values()) expect(record.report.virtualSize).toBe(raw.length)
  })

  test('a name that is not UTF-8 is listed with its bytes shown, and never opened', async () => {
    await using place = await tempPlace()
    await writeFile(
      Buffer.concat([Buffer.from(`${place.path}/bad`), Buffer.of(0xff), Buffer.from('.raw')]),
      raw,
    )
    const scan = new TestScan(place.path)
    const { records, present } = await scan.run()
    expect(present).toEqual(['bad\\xff.raw'])
    expect(codesOf(records.get('bad\\xff.raw'))).toEqual(['name-not-utf8'])
    expect(records.get('bad\\xff.raw')?.report.fileSize).toBe(raw.length)
    expect(scan.inspected).toEqual([])
    expect((await scan.run()).records.size).toBe(0)
  })

  test('symlinks: inside followed, outside and dangling are findings, circles end', async () => {
    await using place = await tempPlace()
    await using elsewhere = await tempPlace()
    await writeFile(elsewhere.file('secret.raw'), raw)
    await writeFile(place.file('real.raw'), raw)
    await symlink('real.raw', place.file('link.raw'))
    await symlink(elsewhere.file('secret.raw'), place.file('outside.raw'))
    await symlink(elsewhere.path, place.file('folder'))
    await symlink('nothing.raw', place.file('dangling.raw'))
    await symlink('loop-b.raw', place.file('loop-a.raw'))
    await symlink('loop-a.raw', place.file('loop-b.raw'))
    await symlink('.', place.file('self'))
    const scan = new TestScan(place.path)
    const { records, present } = await scan.run()
    const names = ['dangling.raw', 'link.raw', 'loop-a.raw', 'loop-b.raw', 'outside.raw', 'real.raw']
    expect(present).toEqual(names)
    expect(codesOf(records.get('outside.raw'))).toEqual(['outside-library'])
    expect(codesOf(records.get('dangling.raw'))).toEqual(['not-readable'])
    expect(codesOf(records.get('loop-a.raw'))).toEqual(['not-readable'])
    expect(records.get('link.raw')?.report.virtualSize).toBe(raw.length)
    expect(scan.inspected.every((path) => path.startsWith(place.path))).toBe(true)
  })

  test('a pipe and a socket are passed over', async () => {
    await using place = await tempPlace()
    await runToolOk('mkfifo', [place.file('pipe.raw')])
    await writeFile(place.file('a.raw'), raw)
    expect((await new TestScan(place.path).run()).present).toEqual(['a.raw'])
  })

  test('a file that somebody writes to says who; when they leave, the finding leaves', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('a.raw'), raw)
    const scan = new TestScan(place.path)
    scan.platform.addWriter(await stat(place.file('a.raw'), { bigint: true }), {
      by: 'process',
      pid: 42,
      command: 'qemu-system-x86',
      how: 'writes',
    })
    const first = (await scan.run()).records.get('a.raw')
    const finding = first?.report.problems.find(({ id }) => id === 'in-use')
    expect(finding).toMatchObject({ severity: 'warn', layer: 'L1' })
    expect(finding?.message).toContain('qemu-system-x86 (process 42)')
    expect((await scan.run()).records.size).toBe(0)
    scan.platform.clearWriters()
    const last = (await scan.run()).records.get('a.raw')
    expect(last?.report.problems.map(({ id }) => id)).not.toContain('in-use')
  })

  test.skipIf(!requires('qemu-img'))('who writes to a base writes to every image above it', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('base.raw'), raw)
    for (const [top, below, format] of [
      ['mid.qcow2', 'base.raw', 'raw'],
      ['top.qcow2', 'mid.qcow2', 'qcow2'],
    ] as const)
      await runToolOk('qemu-img', ['create', '-f', 'qcow2', '-b', below, '-F', format, place.file(top)])
    const scan = new TestScan(place.path)
    await scan.run()
    const base = await stat(place.file('base.raw'), { bigint: true })
    scan.platform.addWriter(base, { by: 'process', pid: 42, command: 'qemu-system-x86', how: 'writes' })
    const { records, inUse } = await scan.run()
    const found = (name: string) => records.get(name)?.report.problems.find(({ id }) => id === 'in-use')
    for (const name of ['base.raw', 'mid.qcow2', 'top.qcow2'])
      expect(found(name)).toMatchObject({ file: place.file('base.raw'), severity: 'warn' })
    expect([...inUse.keys()]).toEqual([place.file('base.raw')])
    expect((await scan.run()).records.size).toBe(0)
    scan.platform.clearWriters()
    const left = await scan.run()
    expect([...left.records.keys()].toSorted()).toEqual(['base.raw', 'mid.qcow2', 'top.qcow2'])
    expect(left.records.get('top.qcow2')?.report.problems.map(({ id }) => id)).not.toContain('in-use')
  })

  test('a file that is written to all the time is not looked at each time, and the scan says so', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('a.raw'), raw)
    const scan = new TestScan(place.path)
    scan.platform.addWriter(await stat(place.file('a.raw'), { bigint: true }), {
      by: 'process',
      pid: 42,
      command: 'qemu',
      how: 'writes',
    })
    expect((await scan.run()).isBehind).toBe(false)
    await truncate(place.file('a.raw'), 128 * 1024)
    const second = await scan.run()
    expect([second.isBehind, second.present, scan.inspected]).toEqual([true, ['a.raw'], []])
    scan.platform.clearWriters()
    const third = await scan.run()
    expect([third.isBehind, third.records.get('a.raw')?.report.virtualSize]).toEqual([false, 128 * 1024])
  })

  test('a sparse bundle is one image, looked at again when one of its bands changes', async () => {
    await using place = await tempPlace()
    await mkdir(place.file('mac.sparsebundle/bands'), { recursive: true })
    await writeFile(place.file('mac.sparsebundle/Info.plist'), sparsebundleInfo)
    await writeFile(place.file('mac.sparsebundle/bands/1'), raw)
    await writeFile(place.file('mac.sparsebundle/bands/0.raw'), raw)
    const scan = new TestScan(place.path)
    const { present, records } = await scan.run()
    expect(present).toEqual(['mac.sparsebundle'])
    expect(records.get('mac.sparsebundle')?.report).toMatchObject({
      format: 'sparsebundle',
      virtualSize: 1024 * 1024,
      allocation: { dataBytes: 64 * 1024 },
    })
    expect(codesOf(records.get('mac.sparsebundle'))).toEqual([])
    expect((await scan.run()).inspected).toBe(0)
    await writeFile(place.file('mac.sparsebundle/bands/1'), Buffer.alloc(100))
    expect((await scan.run()).inspected).toBe(1)
    await writeFile(place.file('mac.sparsebundle/bands/2'), raw)
    expect((await scan.run()).inspected).toBe(1)
  })

  test('a folder with a disk descriptor of Parallels is one image', async () => {
    await using place = await tempPlace()
    await mkdir(place.file('vm.pvm/disk.hdd'), { recursive: true })
    await writeFile(place.file('vm.pvm/disk.hdd/DiskDescriptor.xml'), diskDescriptor)
    await writeFile(place.file('vm.pvm/disk.hdd/disk.hdd'), '')
    await writeFile(place.file('vm.pvm/disk.hdd/part.hds'), raw)
    const { present, records } = await new TestScan(place.path).run()
    expect(present).toEqual(['vm.pvm/disk.hdd'])
    expect(records.get('vm.pvm/disk.hdd')?.report).toMatchObject({
      format: 'parallels',
      virtualSize: 64 * 1024,
    })
    expect(codesOf(records.get('vm.pvm/disk.hdd'))).toEqual([])
  })

  test('a sparse bundle without its description is listed with what is wrong', async () => {
    await using place = await tempPlace()
    await mkdir(place.file('mac.sparsebundle/bands'), { recursive: true })
    const { records } = await new TestScan(place.path).run()
    expect(records.get('mac.sparsebundle')?.report.format).toBe('sparsebundle')
    expect(codesOf(records.get('mac.sparsebundle'))).toEqual(['corrupt'])
    expect(records.get('mac.sparsebundle')?.report.problems[0]?.message).toContain('Info.plist')
  })

  test('a damaged image is listed with what is wrong with it', async () => {
    await using place = await tempPlace()
    await writeFile(
      place.file('bad.qcow2'),
      Buffer.concat([Buffer.from('QFI\xfb', 'latin1'), Buffer.alloc(600, 0xee)]),
    )
    await writeFile(place.file('text.vmdk'), 'this is no disk at all')
    const { records } = await new TestScan(place.path).run()
    expect(codesOf(records.get('bad.qcow2')).length).toBeGreaterThan(0)
    expect(codesOf(records.get('text.vmdk')).length).toBeGreaterThan(0)
  })

  test('a time before 1970 does not break the report', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('old.raw'), raw)
    await runToolOk('touch', ['-d', '1960-01-01', place.file('old.raw')])
    expect((await new TestScan(place.path).run()).records.get('old.raw')?.modifiedAt).toMatch(/^1970/u)
  })

  test('it ends when it is told to', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('a.raw'), raw)
    await expect(new TestScan(place.path).run(AbortSignal.abort())).rejects.toThrow()
  })
})

describe.skipIf(!requires('qemu-img'))('images of real tools', () => {
  test('the parts of a split VMDK belong to its descriptor; a file that only looks like a part is listed', async () => {
    await using place = await tempPlace()
    const make = (type: string, name: string) =>
      runToolOk('qemu-img', ['create', '-f', 'vmdk', '-o', `subformat=${type}`, name, '8M'], {
        cwd: place.path,
      })
    await make('monolithicFlat', 'flat.vmdk')
    await make('twoGbMaxExtentSparse', 'split.vmdk')
    await writeFile(place.file('orphan-flat.vmdk'), raw)
    const { present, records } = await new TestScan(place.path).run()
    expect(present).toEqual(['flat.vmdk', 'orphan-flat.vmdk', 'split.vmdk'])
    expect(records.get('flat.vmdk')?.report).toMatchObject({ format: 'vmdk', virtualSize: 8 * 1024 * 1024 })
  })

  test('an image by its marks needs no known name, a disk by its contents neither', async () => {
    await using place = await tempPlace()
    await runToolOk('qemu-img', ['create', '-f', 'qcow2', place.file('no-ending'), '8M'])
    await truncate(await touch(place.file('vm-100-disk-0')), 8 * 1024 * 1024)
    await runToolOk('mkfs.ext4', ['-q', '-F', place.file('vm-100-disk-0')])
    const { records } = await new TestScan(place.path).run()
    expect(records.get('no-ending')?.report.format).toBe('qcow2')
    expect(records.get('vm-100-disk-0')).toMatchObject({ contents: 'ext4', report: { format: 'raw' } })
  })

  test('a change of the parent makes the child be looked at again', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('base.raw'), raw)
    await runToolOk('qemu-img', ['create', '-f', 'qcow2', '-b', 'base.raw', '-F', 'raw', 'top.qcow2'], {
      cwd: place.path,
    })
    const scan = new TestScan(place.path)
    expect((await scan.run()).records.get('top.qcow2')?.report.chain).toHaveLength(2)
    await rm(place.file('base.raw'))
    const { records } = await scan.run()
    expect(codesOf(records.get('top.qcow2'))).toContain('parent-missing')
  })
})

test('a library that cannot be read any more, such as one that is not mounted, keeps what is known', async () => {
  await using place = await tempPlace()
  await mkdir(place.file('images/folder'), { recursive: true })
  await writeFile(place.file('images/a.raw'), raw)
  await writeFile(place.file('images/folder/b.raw'), raw)
  const scan = new TestScan(place.file('images'))
  await scan.run()
  await rename(place.file('images'), place.file('away'))
  expect((await scan.run()).present).toEqual(['a.raw', 'folder/b.raw'])
  await rename(place.file('away'), place.file('images'))
  const again = await scan.run()
  expect([again.present, scan.inspected]).toEqual([['a.raw', 'folder/b.raw'], []])
})

async function touch(path: string): Promise<string> {
  await writeFile(path, '')
  return path
}
