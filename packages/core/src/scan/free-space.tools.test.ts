import { open, truncate, writeFile } from 'node:fs/promises'
import { canMount } from '@varve/test-kit/mounted-place'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { faultsOf, filesIn, filesystemKinds, usedFilesystem } from '@varve/test-kit/used-filesystem'
import { describe, expect, test } from 'vitest'
import { rawDisk } from '../formats/raw/driver.ts'
import { bytesInRuns, eachRun } from '../ranges/run-list.ts'
import { nodeFiles } from '../testing/node-files.ts'
import { readFreeSpace, type FreeSpace } from './free-space.ts'

const mib = 1024 * 1024

async function spaceOf(path: string): Promise<FreeSpace> {
  await using file = await nodeFiles.open(path)
  return await readFreeSpace(rawDisk(file.source))
}

/** Writes rubbish into everything that is said to be free: what needed a byte of it is broken then. */
async function spoilFree(path: string): Promise<FreeSpace> {
  const space = await spaceOf(path)
  const rubbish = Buffer.alloc(mib, 0xee)
  await using file = await open(path, 'r+')
  for (const { start, end } of eachRun(space.free))
    for (let at = start; at < end; at += mib) await file.write(rubbish, 0, Math.min(mib, end - at), at)
  return space
}

const { ext4, xfs, btrfs, ntfs } = filesystemKinds
const isHere =
  (await canMount()) && requires('mkfs.ext4', 'mkfs.ntfs', 'ntfs-3g', 'e2fsck', 'xfs_repair', 'btrfs')

describe.skipIf(!isHere)('what is free can be spoilt, and all else is as it was', () => {
  test.each([
    ['ext4', ext4, []],
    ['ext4 with 1 KiB blocks', ext4, ['-b', '1024', '-O', '^64bit']],
    ['ext2', ext4, ['-t', 'ext2']],
    ['ext3', ext4, ['-t', 'ext3']],
    ['ext4 with clusters', ext4, ['-O', 'bigalloc', '-C', '65536']],
    ['ext4 with small groups', ext4, ['-b', '4096', '-g', '2048']],
    ['ext4 with meta groups', ext4, ['-b', '1024', '-g', '2048', '-O', 'meta_bg,^resize_inode']],
    ['ext4 without checksums', ext4, ['-O', '^metadata_csum,uninit_bg']],
    ['ext4 without flexible groups', ext4, ['-O', '^flex_bg,^metadata_csum,^uninit_bg']],
    ['ext4 with a checksum seed', ext4, ['-O', 'metadata_csum_seed']],
    ['xfs', xfs, []],
    ['xfs with two groups', xfs, ['-d', 'agcount=2']],
    ['btrfs', btrfs, []],
    ['btrfs with single metadata', btrfs, ['-m', 'single', '-O', '^no-holes']],
    ['btrfs with mixed groups', btrfs, ['--mixed']],
    ['ntfs', ntfs, []],
    ['ntfs with large clusters', ntfs, ['-c', '65536']],
  ])('%s', async (_, kind, more) => {
    await using place = await tempPlace()
    const path = place.file('disk.img')
    await usedFilesystem(kind, path, { more })
    const files = await filesIn(path)
    const space = await spoilFree(path)
    expect(space.filesystems).toMatchObject([{ doubt: null }])
    // It finds all of it: the filesystem's own count, which may hold back some for its own use.
    const [{ filesystem } = { filesystem: null }] = space.filesystems
    const free = bytesInRuns(space.free)
    expect(free).toBeLessThanOrEqual((filesystem?.free ?? 0) + 2 * mib)
    expect(free).toBeGreaterThan((filesystem?.free ?? 0) * 0.97)
    expect(free).toBeGreaterThan(200 * mib)
    expect(await faultsOf(kind, path)).toBeNull()
    expect(await filesIn(path)).toBe(files)
    // What was free is free still: nobody's account changed.
    expect((await spaceOf(path)).free).toEqual(space.free)
  })

  test('what is not clean, or contradicts itself, is not believed', async () => {
    await using place = await tempPlace()
    const path = place.file('disk.img')
    await usedFilesystem(ext4, path, { kept: 3, removed: 3 })
    await runToolOk('debugfs', ['-w', '-R', 'set_super_value state 0', path])
    expect(await spaceOf(path)).toMatchObject({ filesystems: [{ free: null, doubt: { kind: 'dirty' } }] })
    await runToolOk('debugfs', ['-w', '-R', 'set_super_value state 1', path])
    expect(await spaceOf(path)).toMatchObject({ filesystems: [{ doubt: null }] })
    await runToolOk('debugfs', ['-w', '-R', 'set_bg 1 free_blocks_count 7', path])
    expect(await spaceOf(path)).toMatchObject({ filesystems: [{ free: null, doubt: { kind: 'bitmap' } }] })
  })

  test('NTFS with shadow copies, which need bytes that it calls free', async () => {
    await using place = await tempPlace()
    const path = place.file('disk.img')
    await usedFilesystem(ntfs, path, { kept: 3, removed: 3 })
    const identity = Buffer.from('6b87083876c1484eb7ae04046e6cc752', 'hex')
    const catalogAt = 200 * mib
    const header = Buffer.alloc(128)
    identity.copy(header)
    header.writeBigUInt64LE(BigInt(catalogAt), 48)
    const catalog = Buffer.alloc(64 * 1024)
    identity.copy(catalog)
    await using file = await open(path, 'r+')
    await file.write(header, 0, header.length, 0x1e00)
    await file.write(catalog, 0, catalog.length, catalogAt)
    expect(await spaceOf(path)).toMatchObject({ filesystems: [{ doubt: null }] })
    catalog.writeUInt32LE(2, 16 * 1024 + 128)
    await file.write(catalog, 0, catalog.length, catalogAt)
    expect(await spaceOf(path)).toMatchObject({
      filesystems: [{ free: null, doubt: { kind: 'shadow-copies' } }],
    })
  })

  test('a changed byte of a bitmap or a tree is seen', async () => {
    await using place = await tempPlace()
    const path = place.file('disk.img')
    await usedFilesystem(xfs, path, { kept: 3, removed: 3 })
    const told = await runToolOk('xfs_db', ['-r', '-c', 'agf 0', '-c', 'print bnoroot', path])
    const root = Number(/= (\d+)/u.exec(told)?.[1])
    await using file = await open(path, 'r+')
    await file.write(Uint8Array.of(0xff), 0, 1, root * 4096 + 60)
    expect(await spaceOf(path)).toMatchObject({
      filesystems: [{ free: null, doubt: { kind: 'bitmap', reason: expect.stringContaining('checksum') } }],
    })
  })
})

test.skipIf(!requires('mkfs.xfs'))('XFS version 4, which kernels no longer mount', async () => {
  await using place = await tempPlace()
  const path = place.file('disk.img')
  await writeFile(path, '')
  await truncate(path, 400 * mib)
  await runToolOk('mkfs.xfs', ['-q', '-m', 'crc=0', path])
  const space = await spoilFree(path)
  expect(space.filesystems).toMatchObject([{ doubt: null }])
  expect(bytesInRuns(space.free)).toBeGreaterThan(300 * mib)
  expect(await faultsOf(xfs, path)).toBeNull()
})

describe.skipIf(!requires('mkfs.vfat', 'fsck.vfat', 'mcopy', 'mdel'))('FAT', () => {
  test.each([
    ['fat12', 8, ['-F', '12']],
    ['fat16', 100, ['-F', '16']],
    ['fat32', 400, ['-F', '32', '-s', '1']],
  ])('%s: what is free can be spoilt', async (type, size, more) => {
    await using place = await tempPlace()
    const [path, small] = [place.file('disk.img'), place.file('small')]
    await writeFile(path, '')
    await truncate(path, size * mib)
    await runToolOk('mkfs.vfat', [...more, path])
    await writeFile(small, Buffer.alloc(mib, 7))
    for (const name of ['a', 'b', 'c']) await runToolOk('mcopy', ['-i', path, small, `::${name}`])
    await runToolOk('mdel', ['-i', path, '::b'])
    const space = await spoilFree(path)
    expect(space.filesystems).toMatchObject([{ filesystem: { type }, doubt: null }])
    expect(bytesInRuns(space.free)).toBe(space.filesystems[0]?.filesystem.free)
    expect(await runTool('fsck.vfat', ['-n', path])).toMatchObject({ exitCode: 0 })
    for (const name of ['a', 'c']) {
      await runToolOk('mcopy', ['-n', '-i', path, `::${name}`, place.file(`back-${name}`)])
      await runToolOk('cmp', [small, place.file(`back-${name}`)])
    }
  })
})

describe.skipIf(!requires('mkfs.exfat', 'fsck.exfat'))('exFAT', () => {
  test('what is free can be spoilt', async () => {
    await using place = await tempPlace()
    const path = place.file('disk.img')
    await writeFile(path, '')
    await truncate(path, 100 * mib)
    await runToolOk('mkfs.exfat', [path])
    const space = await spoilFree(path)
    expect(space.filesystems).toMatchObject([{ filesystem: { type: 'exfat' }, doubt: null }])
    expect(bytesInRuns(space.free)).toBe(space.filesystems[0]?.filesystem.free)
    expect(await runTool('fsck.exfat', ['-n', path])).toMatchObject({ exitCode: 0 })
  })
})
