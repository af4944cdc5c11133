import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findTool, requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import type { DiskReader } from '../disk/disk-reader.ts'
import { rawDisk } from '../formats/raw/driver.ts'
import { layerNumbers } from '../problems/layer-number.ts'
import { nodeFiles, nodePorts } from '../testing/node-files.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { sparseDisk } from '../testing/sparse-disk.ts'
import type { FilesystemFinding, GuestContents } from '../guest/guest-contents.ts'
import { inspectImage } from '../layers/inspect-image.ts'
import { readGuestContents } from './read-guest.ts'
import { decodeShares } from './shares.ts'

const mib = 1024 * 1024

async function guestOf(path: string): Promise<GuestContents> {
  await using file = await nodeFiles.open(path)
  return await readGuestContents(rawDisk(file.source))
}

async function onlyFilesystem(path: string): Promise<FilesystemFinding> {
  const { filesystems, problems } = await guestOf(path)
  expect(problems).toEqual([])
  expect(filesystems).toHaveLength(1)
  return filesystems[0]!
}

async function blank(place: TempPlace, size: number, name = 'disk.img'): Promise<string> {
  const path = place.file(name)
  await writeFile(path, '')
  await truncate(path, size)
  return path
}

/** A folder with a few files that do not compress, 20 MiB in all. */
async function someFiles(place: TempPlace): Promise<string> {
  const folder = place.file('files')
  await mkdir(join(folder, 'deep'), { recursive: true })
  await writeFile(join(folder, 'large'), randomBytes(18 * mib))
  for (let i = 0; i < 40; i += 1) await writeFile(join(folder, 'deep', `small-${i}`), randomBytes(50_000))
  return folder
}

function numberAfter(label: RegExp, text: string): number {
  const found = label.exec(text)?.[1]
  if (found === undefined) throw new Error(`${label.source} is not in: ${text}`)
  return Number(found)
}

function sumOfRegions({ freeByRegion }: FilesystemFinding): number {
  return freeByRegion.reduce((sum, { free }) => sum + free, 0)
}

describe.skipIf(!requires('mkfs.ext4', 'dumpe2fs', 'debugfs'))('ext', () => {
  test.each([
    ['ext2', 40 * mib, ['-t', 'ext2']],
    ['ext3', 40 * mib, ['-t', 'ext3']],
    ['ext4', 400 * mib, ['-t', 'ext4', '-L', 'root']],
    ['ext4', 400 * mib, ['-t', 'ext4', '-b', '1024', '-O', '^64bit']],
    ['ext4', 400 * mib, ['-t', 'ext4', '-O', 'bigalloc', '-C', '65536']],
    ['ext4', 400 * mib, ['-t', 'ext4', '-O', 'bigalloc', '-b', '4096']],
    ['ext4', 400 * mib, ['-t', 'ext4', '-b', '4096', '-g', '4096']],
  ])('%s of %d bytes (%j): as dumpe2fs says', async (type, size, options) => {
    await using place = await tempPlace()
    const path = await blank(place, size)
    await runToolOk('mkfs.ext4', ['-q', '-F', ...options, '-d', await someFiles(place), path])
    const told = await runToolOk('dumpe2fs', ['-h', path])
    const found = await onlyFilesystem(path)
    const blockSize = numberAfter(/^Block size: +(\d+)/mu, told)
    expect(found).toMatchObject({
      type,
      sure: 'consistent',
      label: options.includes('-L') ? 'root' : null,
      uuid: /^Filesystem UUID: +(\S+)/mu.exec(told)?.[1],
      size: numberAfter(/^Block count: +(\d+)/mu, told) * blockSize,
      free: numberAfter(/^Free blocks: +(\d+)/mu, told) * blockSize,
      blockSize,
      state: 'clean',
    })
    expect(found.fixedBy).toBe(options.includes('bigalloc') ? 'bigalloc' : undefined)
    expect(sumOfRegions(found)).toBe(found.free)
  })

  test('of 1 TiB: less than 1 MiB is read, in few calls', async () => {
    await using place = await tempPlace()
    const path = await blank(place, 1024 * 1024 * mib)
    await runToolOk('mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-E', 'lazy_itable_init=1', path])
    await using file = await nodeFiles.open(path)
    const disk = rawDisk(file.source)
    const reads: number[] = []
    const counted: DiskReader = {
      ...disk,
      readInto: async (target, at) => {
        reads.push(target.length)
        await disk.readInto(target, at)
      },
    }
    const { filesystems } = await readGuestContents(counted)
    expect(filesystems).toMatchObject([{ type: 'ext4', size: 1024 * 1024 * mib }])
    expect(filesystems[0]?.freeByRegion).toHaveLength(256)
    expect(reads.length).toBeLessThan(5)
    expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(mib)
  })

  test.each([
    [400 * mib, ['-b', '4096', '-O', 'meta_bg,^resize_inode']],
    [900 * mib, ['-b', '1024', '-O', 'meta_bg,^resize_inode,64bit']],
    [900 * mib, ['-b', '1024', '-g', '1024', '-O', 'meta_bg,^resize_inode,^64bit,^sparse_super']],
    [900 * mib, ['-b', '1024', '-g', '2048', '-O', 'meta_bg,^resize_inode,sparse_super2']],
  ])('descriptors in meta groups, %d bytes (%j): by region too', async (size, options) => {
    await using place = await tempPlace()
    const path = await blank(place, size)
    await runToolOk('mkfs.ext4', ['-q', '-F', ...options, '-d', await someFiles(place), path])
    const told = await runToolOk('dumpe2fs', ['-h', path])
    const found = await onlyFilesystem(path)
    expect(found.free).toBe(
      numberAfter(/^Free blocks: +(\d+)/mu, told) * numberAfter(/^Block size: +(\d+)/mu, told),
    )
    expect(sumOfRegions(found)).toBe(found.free)
    expect(found.freeByRegion.length).toBeGreaterThan(3)
  })

  test('a journal to be replayed is dirty', async () => {
    await using place = await tempPlace()
    const path = await blank(place, 40 * mib)
    await runToolOk('mkfs.ext4', ['-q', '-F', path])
    await runToolOk('debugfs', ['-w', '-R', 'feature needs_recovery', path])
    const { filesystems, problems } = await guestOf(path)
    expect(filesystems[0]).toMatchObject({ state: 'dirty', sure: 'consistent' })
    expect(problems.map(({ id }) => id)).toEqual(['filesystem-dirty'])
  })

  test('a superblock with a changed byte is damaged', async () => {
    await using place = await tempPlace()
    const path = await blank(place, 40 * mib)
    await runToolOk('mkfs.ext4', ['-q', '-F', path])
    await using file = await open(path, 'r+')
    await file.write(Uint8Array.of(0x99), 0, 1, 1024 + 0x30)
    const { filesystems, problems } = await guestOf(path)
    expect(filesystems[0]).toMatchObject({ type: 'ext4', sure: 'damaged', free: null })
    expect(problems.map(({ id }) => id)).toEqual(['filesystem-damaged'])
  })

  test('a filesystem cut off with its disk', async () => {
    await using place = await tempPlace()
    const path = await blank(place, 40 * mib)
    await runToolOk('mkfs.ext4', ['-q', '-F', path])
    await truncate(path, 20 * mib)
    const { problems } = await guestOf(path)
    expect(problems.map(({ id }) => id)).toEqual(['filesystem-larger-than-partition'])
  })
})

describe.skipIf(!requires('mkfs.xfs', 'xfs_db'))('XFS', () => {
  test.each([
    [400 * mib, ['-L', 'data']],
    [3000 * mib, ['-d', 'agcount=9']],
    [30_000 * mib, ['-d', 'agcount=150']],
    [3000 * mib, ['-l', 'su=262144,size=512m']],
    [400 * mib, ['-b', 'size=1024', '-m', 'crc=0']],
  ])('of %d bytes (%j): as xfs_db says', async (size, options) => {
    await using place = await tempPlace()
    const path = await blank(place, size)
    await runToolOk('mkfs.xfs', ['-q', ...options, path])
    const told = await runToolOk('xfs_db', ['-r', '-c', 'sb 0', '-c', 'p', path])
    const found = await onlyFilesystem(path)
    const blockSize = numberAfter(/^blocksize = (\d+)/mu, told)
    expect(found).toMatchObject({
      type: 'xfs',
      sure: 'consistent',
      label: options.includes('-L') ? 'data' : null,
      uuid: /^uuid = (\S+)/mu.exec(told)?.[1],
      size: numberAfter(/^dblocks = (\d+)/mu, told) * blockSize,
      free: numberAfter(/^fdblocks = (\d+)/mu, told) * blockSize,
      blockSize,
      state: 'clean',
    })
    expect(sumOfRegions(found)).toBe(found.free)
  })

  test.for([[], ['-l', 'su=262144,size=128m'], ['-m', 'crc=0']])(
    'a log in use and after its unmount (%j), as the kernel writes it',
    async (options, context) => {
      await using place = await tempPlace()
      const path = await blank(place, 600 * mib)
      await runToolOk('mkfs.xfs', ['-q', ...options, path])
      const folder = place.file('mounted')
      await mkdir(folder)
      const mounted = await runTool('mount', ['-o', 'loop', path, folder])
      if (mounted.exitCode !== 0) return context.skip(`not mounted: ${mounted.stderr}`)
      const states: string[] = []
      try {
        for (let round = 0; round < 4; round += 1) {
          for (let i = 0; i < 300; i += 1) await mkdir(join(folder, `${round}-${i}`))
          await runToolOk('sync', ['-f', folder])
          states.push((await guestOf(path)).filesystems[0]?.state ?? 'none')
        }
      } finally {
        await runToolOk('umount', [folder])
      }
      expect(states).toEqual(['dirty', 'dirty', 'dirty', 'dirty'])
      expect(await onlyFilesystem(path)).toMatchObject({ state: 'clean', sure: 'consistent' })
    },
  )
})

describe.skipIf(!requires('mkfs.btrfs', 'btrfs'))('Btrfs', () => {
  test('as btrfs inspect-internal says', async () => {
    await using place = await tempPlace()
    const path = await blank(place, 400 * mib)
    await runToolOk('mkfs.btrfs', ['-q', '-L', 'pool', '-r', await someFiles(place), path])
    const told = await runToolOk('btrfs', ['inspect-internal', 'dump-super', path])
    const found = await onlyFilesystem(path)
    expect(found).toMatchObject({
      type: 'btrfs',
      sure: 'consistent',
      label: 'pool',
      uuid: /^fsid\s+(\S+)/mu.exec(told)?.[1],
      size: numberAfter(/^total_bytes\s+(\d+)/mu, told),
      state: 'clean',
    })
    const groups = await runToolOk('btrfs', ['inspect-internal', 'dump-tree', '-t', 'extent', path])
    const kept = [...groups.matchAll(/block group used (\d+) .*flags (\S+)/gu)]
    const used = kept.reduce(
      (sum, [, bytes, flags]) => sum + Number(bytes) * (flags?.endsWith('DUP') ? 2 : 1),
      0,
    )
    const reserved = mib
    expect(kept.length).toBeGreaterThan(2)
    expect(found.used).toBe(used + reserved)
    expect(sumOfRegions(found)).toBe(found.free)
  })

  test('with bytes changed in its trees it never throws and stays within its disk', async () => {
    await using place = await tempPlace()
    const size = 400 * mib
    const path = await blank(place, size)
    await runToolOk('mkfs.btrfs', ['-q', path])
    const bytes = new Uint8Array(await readFile(path))
    const nodes = [64 * 1024]
    for (let at = mib; at < size; at += 16_384)
      if (bytes.subarray(at, at + 128).some((byte) => byte !== 0)) nodes.push(at)
    const random = seededRandom(20_261_122)
    for (let round = 0; round < 200; round += 1) {
      const changes = Array.from({ length: 8 }, () => {
        const node = nodes[random(nodes.length)] ?? 0
        return { at: node + 40 + random(round % 2 === 0 ? 300 : 16_000), bytes: Uint8Array.of(random(256)) }
      })
      const { filesystems } = await readGuestContents(sparseDisk(size, [{ at: 0, bytes }, ...changes]))
      for (const { start, length, free } of filesystems.flatMap(({ freeByRegion }) => freeByRegion)) {
        expect(start + length).toBeLessThanOrEqual(size)
        expect(free).toBeLessThanOrEqual(length)
      }
    }
  })
})

describe.skipIf(!requires('mkfs.ntfs', 'ntfsinfo', 'ntfscp'))('NTFS', () => {
  test.each([
    [300 * mib, []],
    [300 * mib, ['-c', '65536']],
    [40 * mib, ['-s', '4096']],
  ])('of %d bytes (%j): as ntfsinfo says', async (size, options) => {
    await using place = await tempPlace()
    const path = await blank(place, size)
    await runToolOk('mkfs.ntfs', ['-q', '-F', '-Q', '-L', 'Windows', ...options, path])
    await runToolOk('ntfscp', ['-f', path, join(await someFiles(place), 'large'), 'large'])
    const told = await runToolOk('ntfsinfo', ['-m', '-f', path])
    const found = (await guestOf(path)).filesystems[0]!
    const clusterSize = numberAfter(/Cluster Size: (\d+)/u, told)
    expect(found).toMatchObject({
      type: 'ntfs',
      sure: 'consistent',
      label: 'Windows',
      size: numberAfter(/Volume Size in Clusters: (\d+)/u, told) * clusterSize,
      free: numberAfter(/Free Clusters: (\d+)/u, told) * clusterSize,
      blockSize: clusterSize,
    })
    expect(sumOfRegions(found)).toBe(found.free)
  })

  test('a bitmap of more than 32 MiB is counted in windows', async () => {
    await using place = await tempPlace()
    const path = await blank(place, 140 * 1024 * mib)
    await runToolOk('mkfs.ntfs', ['-q', '-F', '-Q', '-c', '512', path])
    const told = await runToolOk('ntfsinfo', ['-m', '-f', path])
    const found = await onlyFilesystem(path)
    expect(found.free).toBe(numberAfter(/Free Clusters: (\d+)/u, told) * 512)
    expect(sumOfRegions(found)).toBe(found.free)
  })

  test.each([
    ['HIBR', ['filesystem-hibernated']],
    ['hibr', ['filesystem-hibernated']],
    ['WAKE', []],
    ['\0\0\0\0', []],
  ])('a hiberfil.sys that begins with %j', async (mark, problems) => {
    await using place = await tempPlace()
    const path = await blank(place, 40 * mib)
    await runToolOk('mkfs.ntfs', ['-q', '-F', '-Q', path])
    await writeFile(place.file('session'), Buffer.concat([Buffer.from(mark), randomBytes(mib)]))
    for (let i = 0; i < 30; i += 1) {
      await runToolOk('ntfscp', ['-f', path, place.file('session'), `${i % 2 ? 'Zeile' : 'akte'} ${i}`])
    }
    expect((await guestOf(path)).problems).toEqual([])
    await runToolOk('ntfscp', ['-f', path, place.file('session'), 'hiberfil.sys'])
    expect((await guestOf(path)).problems.map(({ id }) => id)).toEqual(problems)
  })
})

describe.skipIf(!requires('mkfs.vfat', 'fsck.fat', 'mcopy'))('FAT', () => {
  test.each([
    ['fat12', 4 * mib, []],
    ['fat16', 60 * mib, []],
    ['fat32', 300 * mib, []],
    ['fat32', 9000 * mib, ['-s', '4']],
    ['fat32', 300 * mib, ['-S', '4096']],
  ])('%s of %d bytes (%j): as fsck.fat says', async (type, size, options) => {
    await using place = await tempPlace()
    const path = await blank(place, size)
    await runToolOk('mkfs.vfat', ['-F', type.slice(3), '-n', 'BOOT', '-i', '1234ABCD', ...options, path])
    const copied = await writeFile(place.file('kernel'), randomBytes(mib)).then(() => place.file('kernel'))
    await runToolOk('mcopy', ['-i', path, copied, '::kernel'])
    const found = await onlyFilesystem(path)
    const told = (await runTool('fsck.fat', ['-n', '-v', path])).stdout
    const [, used, clusters] = /(\d+)\/(\d+) clusters/u.exec(told)!
    const clusterSize = numberAfter(/^ *(\d+) bytes per cluster/mu, told)
    expect(found).toMatchObject({
      type,
      sure: 'consistent',
      label: 'BOOT',
      uuid: '1234-ABCD',
      free: (Number(clusters) - Number(used)) * clusterSize,
      blockSize: clusterSize,
      state: 'clean',
    })
  })
})

describe.skipIf(!requires('mkfs.exfat', 'dump.exfat'))('exFAT', () => {
  test.each([
    [300 * mib, []],
    [9000 * mib, ['-c', '4096']],
  ])('of %d bytes (%j): as dump.exfat says', async (size, options) => {
    await using place = await tempPlace()
    const path = await blank(place, size)
    await runToolOk('mkfs.exfat', ['-L', 'Stick', ...options, path])
    const told = await runToolOk('dump.exfat', [path])
    const found = await onlyFilesystem(path)
    const clusterSize = numberAfter(/Cluster size:\s+(\d+)/u, told)
    expect(found).toMatchObject({
      type: 'exfat',
      label: 'Stick',
      size,
      free: numberAfter(/Free Clusters:\s+(\d+)/u, told) * clusterSize,
      blockSize: clusterSize,
      state: 'clean',
    })
    expect(sumOfRegions(found)).toBe(found.free)
  })
})

describe.skipIf(!requires('mkswap'))('swap', () => {
  test('label, identity, size', async () => {
    await using place = await tempPlace()
    const path = await blank(place, 64 * mib)
    const uuid = 'd2f2b0b2-0c0f-4f6e-9a3c-1f2e3d4c5b6a'
    await runToolOk('mkswap', ['-q', '-L', 'paging', '-U', uuid, path])
    expect(await onlyFilesystem(path)).toMatchObject({
      type: 'swap',
      label: 'paging',
      uuid,
      size: 64 * mib,
      used: null,
      free: null,
    })
  })
})

describe.skipIf(!requires('cryptsetup'))('LUKS', () => {
  test.each(['luks1', 'luks2'] as const)('%s: identity and cipher', async (type) => {
    await using place = await tempPlace()
    const path = await blank(place, 40 * mib)
    await writeFile(place.file('key'), 'not a secret')
    const cheap = ['--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000']
    const label = type === 'luks2' ? ['--label', 'vault'] : []
    await runToolOk('cryptsetup', [
      'luksFormat',
      '-q',
      '--type',
      type,
      ...cheap,
      ...label,
      '--cipher',
      'aes-xts-plain64',
      path,
      place.file('key'),
    ])
    const uuid = (await runToolOk('cryptsetup', ['luksUUID', path])).trim()
    const { volumes, filesystems, problems } = await guestOf(path)
    expect(volumes).toMatchObject([
      { type, sure: 'consistent', uuid, label: type === 'luks2' ? 'vault' : null },
    ])
    expect(volumes[0]?.notes[0]).toContain('aes-xts-plain64')
    expect(filesystems).toEqual([])
    expect(problems.map(({ id }) => id)).toEqual(['volume-encrypted'])
  })
})

describe.skipIf(!requires('sfdisk'))('tables that sfdisk writes', () => {
  const script = ['size=8MiB, type=uefi', 'size=20MiB, type=linux, name=root', 'size=10MiB, type=swap']

  test.each([
    ['gpt', ['label: gpt', ...script]],
    [
      'dos',
      [
        'label: dos',
        'size=8MiB, type=c, bootable',
        'size=50MiB, type=f',
        'size=9MiB, type=83',
        'size=12MiB, type=82',
      ],
    ],
  ])('%s: as sfdisk --json says', async (_, lines) => {
    await using place = await tempPlace()
    const path = await blank(place, 100 * mib)
    await writeTable(path, lines, place)
    const { table, problems } = await guestOf(path)
    const told = JSON.parse(await runToolOk('sfdisk', ['--json', path])) as {
      partitiontable: {
        id: string
        partitions: { node: string; start: number; size: number; uuid?: string }[]
      }
    }
    expect(problems).toEqual([])
    expect(
      table.partitions.map(({ index, start, length, uuid }) => ({ index, start, length, uuid })),
    ).toEqual(
      told.partitiontable.partitions.map(({ node, start, size, uuid }) => ({
        index: Number(/\d+$/u.exec(node)?.[0]),
        start: start * 512,
        length: size * 512,
        uuid: uuid ?? null,
      })),
    )
    expect(told.partitiontable.id.toLowerCase()).toContain(table.id?.toLowerCase())
  })

  test('a grown disk is said, and sgdisk -e is the remedy', async (context) => {
    if (!requires('sgdisk')) return context.skip('needs sgdisk')
    await using place = await tempPlace()
    const path = await blank(place, 100 * mib)
    await writeTable(path, ['label: gpt', ...script], place)
    await truncate(path, 200 * mib)
    expect((await guestOf(path)).problems.map(({ id }) => id)).toEqual(['gpt-backup-not-at-end'])
    await runToolOk('sgdisk', ['-e', path])
    const healed = await guestOf(path)
    expect(healed.problems).toEqual([])
    expect(healed.table.notes).toEqual(['both copies agree'])
  })

  test('a wiped primary: the partitions come from the backup', async () => {
    await using place = await tempPlace()
    const path = await blank(place, 100 * mib)
    await writeTable(path, ['label: gpt', ...script], place)
    const whole = await guestOf(path)
    for (const wipedFrom of [512, 0]) {
      await using file = await open(path, 'r+')
      await file.write(new Uint8Array(17 * 1024 - wipedFrom), 0, 17 * 1024 - wipedFrom, wipedFrom)
      const { table, problems } = await guestOf(path)
      expect(table.partitions).toEqual(whole.table.partitions)
      expect(problems.map(({ id }) => id)).toContain('gpt-primary-damaged')
    }
  })
})

describe.skipIf(!requires('mkfs.ext4', 'debugfs', 'qemu-img'))('reclaimable space', () => {
  test('of a qcow2 whose guest deleted a file without discard is the size of that file', async () => {
    await using place = await tempPlace()
    const path = await blank(place, 200 * mib)
    await runToolOk('mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-d', await someFiles(place), path])
    const inspect = async (name: string) => {
      await runToolOk('qemu-img', ['convert', '-O', 'qcow2', path, place.file(name)])
      return inspectImage(place.file(name), nodePorts)
    }
    const full = await inspect('full.qcow2')
    await runToolOk('debugfs', ['-w', '-R', 'rm large', path])
    const sparse = await inspect('deleted.qcow2')
    const gained = (sparse.reclaimable ?? 0) - (full.reclaimable ?? 0)
    expect(full.reclaimable).toBeLessThan(2 * mib)
    expect(gained).toBeGreaterThan(17 * mib)
    expect(gained).toBeLessThan(19 * mib)
    expect(sparse.layers.map(({ layer }) => layer)).toEqual([...layerNumbers])
    const [guest] = sparse.guest?.filesystems ?? []
    expect(guest).toMatchObject({ type: 'ext4', state: 'clean' })
    const cells = decodeShares(sparse.allocation?.reclaimable ?? '')
    expect(cells.filter((share) => share > 0).length).toBeGreaterThan(10)
    const over = ['-f', 'qcow2', '-F', 'qcow2', '-b', 'deleted.qcow2', place.file('overlay.qcow2')]
    await runToolOk('qemu-img', ['create', '-q', ...over])
    const overlay = await inspectImage(place.file('overlay.qcow2'), nodePorts)
    expect(overlay.allocated).toBeGreaterThan(0)
    expect(overlay.reclaimable).toBe(0)
    expect(decodeShares(overlay.allocation?.reclaimable ?? '').every((share) => share === 0)).toBe(true)
    expect(overlay.allocation?.dataBytes).toBe(sparse.allocation?.dataBytes)
  })
})

const lvmTools = ['pvcreate', 'vgcreate', 'vgcfgbackup', 'vgcfgrestore', 'losetup', 'mkfs.ext4'] as const

describe.skipIf(!requires(...lvmTools))('LVM on a loop device', () => {
  test('group, volumes, and the filesystem inside one of two segments', async (context) => {
    await using place = await tempPlace()
    const path = await blank(place, 128 * mib)
    const attached = await runTool('losetup', ['--find', '--show', path])
    if (attached.exitCode !== 0) return context.skip(`no loop device: ${attached.stderr}`)
    const device = attached.stdout.trim()
    const group = `varve_${randomBytes(4).toString('hex')}`
    const config = `devices{filter=["a|^${device}$|","r|.*|"]} backup{backup=0 archive=0}`
    const lvm = (tool: string, ...args: string[]) => runToolOk(tool, ['--config', config, ...args])
    try {
      await lvm('pvcreate', '-ff', '-y', device)
      await lvm('vgcreate', group, device)
      expect((await guestOf(path)).volumes).toMatchObject([{ type: 'lvm2', group, members: [] }])
      const text = place.file('group.txt')
      await lvm('vgcfgbackup', '-f', text, group)
      await writeFile(text, withVolumes(await readFile(text, 'utf8')))
      await lvm('vgcfgrestore', '-f', text, group)
    } finally {
      await runTool('losetup', ['--detach', device])
    }
    const { volumes, problems } = await guestOf(path)
    expect(problems).toEqual([])
    expect(volumes).toMatchObject([
      {
        type: 'lvm2',
        sure: 'consistent',
        group,
        members: [
          {
            name: 'root',
            length: 40 * mib,
            segments: [
              { start: 13 * mib, length: 16 * mib },
              { start: 49 * mib, length: 24 * mib },
            ],
          },
          { name: 'home', length: 20 * mib, segments: [{ start: 29 * mib, length: 20 * mib }] },
        ],
      },
    ])
    await putFilesystem(place, path, volumes[0]!.members[0]!.segments)
    const { filesystems } = await guestOf(path)
    expect(filesystems).toMatchObject([
      {
        type: 'ext4',
        label: 'inside',
        start: 13 * mib,
        length: 40 * mib,
        size: 40 * mib,
        sure: 'consistent',
      },
    ])
  })
})

/** The text of a group with two volumes put in: extents of 4 MiB from 1 MiB, root at 3 to 6 and 12 to 17, home at 7 to 11. */
function withVolumes(text: string): string {
  const segment = (name: string, start: number, count: number, at: number) =>
    `${name} { start_extent = ${start} extent_count = ${count} type = "striped" stripe_count = 1 stripes = [ "pv0", ${at} ] }`
  const volume = (name: string, id: string, segments: string[]) =>
    `${name} { id = "${id}" status = ["READ", "WRITE", "VISIBLE"] flags = [] ` +
    `segment_count = ${segments.length} ${segments.join(' ')} }`
  const volumes = [
    volume('root', 'aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg', [
      segment('segment1', 0, 4, 3),
      segment('segment2', 4, 6, 12),
    ]),
    volume('home', 'aaaaaa-bbbb-cccc-dddd-eeee-ffff-hhhhhh', [segment('segment1', 0, 5, 7)]),
  ]
  const end = text.lastIndexOf('}')
  return `${text.slice(0, end)} logical_volumes { ${volumes.join(' ')} }\n}\n`
}

/** Makes an ext4 of the segments' length and writes it into them. */
async function putFilesystem(
  place: TempPlace,
  path: string,
  segments: readonly { readonly start: number; readonly length: number }[],
): Promise<void> {
  const size = segments.reduce((sum, { length }) => sum + length, 0)
  const inside = await blank(place, size, 'inside.img')
  await runToolOk('mkfs.ext4', ['-q', '-F', '-L', 'inside', inside])
  await using from = await open(inside, 'r')
  await using to = await open(path, 'r+')
  let at = 0
  for (const { start, length } of segments) {
    const bytes = new Uint8Array(length)
    await from.read(bytes, 0, length, at)
    await to.write(bytes, 0, length, start)
    at += length
  }
}

async function writeTable(path: string, lines: readonly string[], place: TempPlace): Promise<void> {
  const script = place.file('script')
  await writeFile(script, `${lines.join('\n')}\n`)
  const sfdisk = findTool('sfdisk') ?? 'sfdisk'
  await runToolOk('sh', ['-c', '"$1" -q "$2" < "$3"', 'sh', sfdisk, path, script])
}
