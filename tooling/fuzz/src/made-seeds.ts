import type { FormatName } from '@varve/core/image/format-rules'
import { openChain } from '@varve/core/chain/open-chain'
import {
  rulesOf,
  writableFormats,
  writableRules,
  type WritableFormat,
} from '@varve/core/formats/writable-formats'
import { writeDisk } from '@varve/core/testing/write-disk'
import { nodePorts } from '@varve/engine/ports/ports'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { findTool, runTool, runToolOk } from '@varve/test-kit/tools'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Seed } from './seed.ts'

const MiB = 1024 * 1024

/** Images that the tools and writers here make; those whose tool is missing are left out. */
export async function madeSeeds(): Promise<Seed[]> {
  await using place = await tempPlace()
  const guest = place.file('guest.raw')
  await makeGuest(guest)
  const seeds = await fileSystems(place)
  seeds.push(...(await byOurWriters(place, guest)))
  if (findTool('qemu-img') !== null) seeds.push(...(await byQemu(place, guest)))
  return seeds
}

/** A disk of 4 MiB with a GPT and a filesystem where the tools for them are there; else with a pattern. */
async function makeGuest(path: string): Promise<void> {
  const pattern = new Uint8Array(4 * MiB)
  for (let at = 0; at < pattern.length; at += 96 * 1024) pattern.fill(1 + (at % 251), at, at + 700)
  writeFileSync(path, pattern)
  if (findTool('mkfs.ext4') === null || findTool('sgdisk') === null) return
  await runTool('mkfs.ext4', ['-q', '-F', '-E', `offset=${MiB}`, path, '2048k'])
  await runTool('sgdisk', ['-Z', path])
  await runTool('sgdisk', ['-n', '1:2048:6143', '-n', '2:6144:7000', path])
}

interface MadeFilesystem {
  readonly name: string
  readonly megabytes: number
  readonly command: (path: string) => readonly string[]
}

const filesystems: readonly MadeFilesystem[] = [
  { name: 'ext4', megabytes: 2, command: (path) => ['mkfs.ext4', '-q', '-F', path] },
  { name: 'vfat', megabytes: 2, command: (path) => ['mkfs.vfat', path] },
  { name: 'fat32', megabytes: 34, command: (path) => ['mkfs.vfat', '-F', '32', path] },
  { name: 'exfat', megabytes: 4, command: (path) => ['mkfs.exfat', path] },
  { name: 'ntfs', megabytes: 4, command: (path) => ['mkfs.ntfs', '-F', '-q', path] },
  { name: 'btrfs', megabytes: 16, command: (path) => ['mkfs.btrfs', '-q', '--mixed', path] },
  {
    name: 'luks2',
    megabytes: 4,
    command: (path) =>
      `cryptsetup luksFormat --batch-mode --type luks2 --luks2-metadata-size 16k --luks2-keyslots-size 256k
      --offset 2048 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file ${import.meta.filename} ${path}`.split(
        /\s+/u,
      ),
  },
  { name: 'swap', megabytes: 1, command: (path) => ['mkswap', path] },
]

async function fileSystems(place: TempPlace): Promise<Seed[]> {
  const seeds: Seed[] = []
  for (const { name, megabytes, command } of filesystems) {
    const path = place.file(`${name}.raw`)
    writeFileSync(path, '')
    truncateSync(path, megabytes * MiB)
    const [tool = '', ...args] = command(path)
    if (findTool(tool) === null || (await runTool(tool, args)).exitCode !== 0) continue
    seeds.push(seedOf([path], { name: `made ${name}`, group: 'guest', format: 'raw' }))
  }
  return seeds
}

async function byOurWriters(place: TempPlace, guest: string): Promise<Seed[]> {
  const disk = new Uint8Array(readFileSync(guest))
  const seeds: Seed[] = []
  for (const format of writableFormats.filter((name) => name !== 'raw')) {
    const rules = writableRules[format]
    for (const subformat of rules.subformats.length === 0 ? [undefined] : rules.subformats) {
      const path = place.file(`ours-${subformat ?? 'plain'}${rules.endings[0]}`)
      const seed = await ourSeed({ format, subformat, path, disk })
      if (seed) seeds.push(seed)
    }
  }
  return seeds
}

interface OurImage {
  readonly format: WritableFormat
  readonly subformat: string | undefined
  readonly path: string
  readonly disk: Uint8Array
}

const noId = '00000000-0000-0000-0000-000000000000'

/** Null for kinds that one file cannot hold. */
async function ourSeed({ format, subformat, path, disk }: OurImage): Promise<Seed | null> {
  const writer = await rulesOf(format).writer()
  const options = { virtualSize: disk.length, subformat, name: basename(path), id: noId }
  if ((writer.parts?.(options).length ?? 0) > 0) return null
  await writeDisk(writer, path, disk, {
    compression: 'none',
    ...(subformat === undefined ? {} : { subformat }),
  })
  await using chain = await openChain(path, nodePorts({ roots: null }))
  const read = chain.links[0]?.format
  return seedOf([path], {
    name: `our ${format} ${subformat ?? ''}`.trim(),
    group: format,
    format: read ?? null,
  })
}

interface QemuImage {
  readonly name: string
  /** The name of the format for Varve. */
  readonly format: FormatName
  readonly args: readonly string[]
}

const qemuImages: readonly QemuImage[] = [
  { name: 'v2.qcow2', format: 'qcow2', args: ['-O', 'qcow2', '-o', 'compat=0.10,cluster_size=4096'] },
  { name: 'v3.qcow2', format: 'qcow2', args: ['-O', 'qcow2', '-o', 'cluster_size=512,refcount_bits=1'] },
  { name: 'zlib.qcow2', format: 'qcow2', args: ['-c', '-O', 'qcow2', '-o', 'cluster_size=16k'] },
  { name: 'zstd.qcow2', format: 'qcow2', args: ['-c', '-O', 'qcow2', '-o', 'compression_type=zstd'] },
  { name: 'extl2.qcow2', format: 'qcow2', args: ['-O', 'qcow2', '-o', 'extended_l2=on,cluster_size=16k'] },
  { name: 'sparse.vmdk', format: 'vmdk', args: ['-O', 'vmdk'] },
  { name: 'flat.vmdk', format: 'vmdk', args: ['-O', 'vmdk', '-o', 'subformat=monolithicFlat'] },
  { name: 'split.vmdk', format: 'vmdk', args: ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse'] },
  { name: 'stream.vmdk', format: 'vmdk', args: ['-O', 'vmdk', '-o', 'subformat=streamOptimized'] },
  { name: 'dynamic.vhd', format: 'vhd', args: ['-O', 'vpc'] },
  { name: 'fixed.vhd', format: 'vhd', args: ['-O', 'vpc', '-o', 'subformat=fixed'] },
  { name: 'dynamic.vhdx', format: 'vhdx', args: ['-O', 'vhdx', '-o', 'block_size=1M'] },
  { name: 'fixed.vhdx', format: 'vhdx', args: ['-O', 'vhdx', '-o', 'subformat=fixed'] },
  { name: 'dynamic.vdi', format: 'vdi', args: ['-O', 'vdi'] },
  { name: 'static.vdi', format: 'vdi', args: ['-O', 'vdi', '-o', 'static=on'] },
  { name: 'expanding.hds', format: 'parallels', args: ['-O', 'parallels', '-o', 'cluster_size=65536'] },
  { name: 'old.qed', format: 'qed', args: ['-O', 'qed'] },
  { name: 'old.qcow', format: 'qcow', args: ['-O', 'qcow'] },
]

async function byQemu(place: TempPlace, guest: string): Promise<Seed[]> {
  const seeds: Seed[] = []
  for (const { name, format, args } of qemuImages) {
    const folder = await tempPlace()
    await using _folder = folder
    const path = folder.file(name)
    if ((await runTool('qemu-img', ['convert', '-q', '-f', 'raw', ...args, guest, path])).exitCode !== 0)
      continue
    const group = format === 'qed' || format === 'qcow' ? 'others' : format
    seeds.push(seedOf(filesIn(folder.path, name), { name: `qemu ${name}`, group, format }))
  }
  return [
    ...seeds,
    await busyQcow2(place, guest),
    await overlays(place, guest, 'qcow2'),
    await overlays(place, guest, 'vmdk'),
  ]
}

/** A qcow2 with everything that has tables: snapshots, bitmaps, compressed and zero clusters. */
async function busyQcow2(place: TempPlace, guest: string): Promise<Seed> {
  const path = place.file('busy.qcow2')
  await runToolOk('qemu-img', ['convert', '-q', '-O', 'qcow2', '-o', 'cluster_size=4096', guest, path])
  await runToolOk('qemu-img', ['bitmap', '--add', path, 'changes'])
  for (const [name, fill] of [
    ['first', 5],
    ['second', 6],
  ] as const) {
    await runToolOk('qemu-img', ['snapshot', '-c', name, path])
    const writes = [
      `write -q -P ${fill} 64k 48k`,
      'write -q -z 1M 64k',
      `write -q -c -P ${fill} ${3860 + fill * 8}k 4k`,
      `write -q -P ${fill} 3584k 5k`,
    ]
    await runToolOk('qemu-io', ['-f', 'qcow2', ...writes.flatMap((write) => ['-c', write]), path])
  }
  return seedOf([path], { name: 'qemu busy.qcow2', group: 'qcow2', format: 'qcow2' })
}

/** A child over a parent of the same format. */
async function overlays(place: TempPlace, guest: string, format: 'qcow2' | 'vmdk'): Promise<Seed> {
  const base = place.file(`base.${format}`)
  const child = place.file(`child.${format}`)
  await runToolOk('qemu-img', ['convert', '-q', '-f', 'raw', '-O', format, guest, base])
  await runToolOk('qemu-img', ['create', '-q', '-f', format, '-b', basename(base), '-F', format, child], {
    cwd: place.path,
  })
  await runToolOk('qemu-io', ['-f', format, '-c', 'write -q -P 9 1M 100k', child])
  return seedOf([child, base], { name: `qemu overlay ${format}`, group: format, format })
}

/** All files of a folder, the image first. */
function filesIn(folder: string, top: string): string[] {
  const names = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile())
  return [top, ...names.filter((name) => name !== top)]
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
}

function seedOf(paths: readonly string[], facts: Pick<Seed, 'name' | 'group' | 'format'>): Seed {
  const files = Object.fromEntries(
    paths.map((path) => [`/made/${basename(path)}`, new Uint8Array(readFileSync(path))]),
  )
  return { ...facts, top: `/made/${basename(paths[0] ?? '')}`, files }
}
