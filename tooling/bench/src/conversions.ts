import { commandFlags } from '@varve/bundle/node-flags'
import { join, resolve } from 'node:path'
import type { Command } from './run-timed.ts'

const cli = resolve(import.meta.dirname, '../../../packages/cli/bin/varve.mjs')

/** Who converts, and what is done when it ends. */
export const contestants = {
  varve: 'as it comes: digest, image synced, read back and compared',
  'varve --no-verify': 'digest, image synced',
  'varve, cached': 'digest; like for like with qemu-img: --no-verify --durability cached',
  'qemu-img': 'image in the page cache',
  'qemu-img -W -m 16': 'image in the page cache',
  'qemu-img -W -m 16, sync': 'image synced by sync(1)',
} as const
export type Contestant = keyof typeof contestants
export const contestantNames = Object.keys(contestants) as Contestant[]

/** Against whom each way of varve is measured: who does no less. */
export const rivals: Readonly<Partial<Record<Contestant, readonly Contestant[]>>> = {
  'varve, cached': ['qemu-img', 'qemu-img -W -m 16'],
  'varve --no-verify': ['qemu-img -W -m 16, sync'],
}

/** Formats that both read and write. */
export const benchFormats = ['raw', 'qcow2', 'vmdk', 'vdi', 'vhdx', 'vhd', 'parallels'] as const
export type BenchFormat = (typeof benchFormats)[number]

/** One conversion that all contestants make. */
export interface Conversion {
  readonly name: string
  readonly source: string
  readonly target: BenchFormat
  readonly compress: 'zstd' | null
}

function plain(from: string, to: Conversion['target']): Conversion {
  return { name: `${from} → ${to}`, source: `disk.${from}`, target: to, compress: null }
}

export const conversions: readonly Conversion[] = [
  plain('vmdk', 'raw'),
  plain('vmdk', 'qcow2'),
  plain('qcow2', 'raw'),
  plain('qcow2', 'qcow2'),
  plain('qcow2', 'vmdk'),
  plain('raw', 'raw'),
  plain('raw', 'qcow2'),
  plain('raw', 'vhdx'),
  plain('raw', 'vdi'),
  plain('vdi', 'qcow2'),
  plain('vhdx', 'qcow2'),
  { name: 'raw → qcow2, zstd', source: 'disk.raw', target: 'qcow2', compress: 'zstd' },
]

/** Every pair of formats, two contestants that do the same. */
export const matrix: readonly Conversion[] = benchFormats.flatMap((from) =>
  benchFormats.map((to) => plain(from, to)),
)
export const matrixContestants = ['varve, cached', 'qemu-img -W -m 16'] as const

/** Formats that the sources are made in from the raw disk. */
export const sourceFormats = benchFormats.filter((format) => format !== 'raw')

/** By which qemu-img is told the format of its output. A VHD gets the size that was asked for, not one of its geometry. */
export function qemuTarget(format: BenchFormat): readonly string[] {
  return format === 'vhd' ? ['-O', 'vpc', '-o', 'force_size=on'] : ['-O', format]
}

/** Filesystems that share blocks between files, each made by that command. */
export const sharingFilesystems = [
  ['XFS', ['mkfs.xfs', '-q', '-m', 'reflink=1']],
  ['Btrfs', ['mkfs.btrfs', '-q']],
] as const

/** What is converted on each of them: the guest's bytes as they are, to the same again. */
export function sharedConversions(filesystem: string): readonly Conversion[] {
  const name = `reflink on ${filesystem}`
  return [
    { name: `${name}: raw to raw`, source: 'disk.raw', target: 'raw', compress: null },
    { name: `${name}: flat vmdk to raw`, source: 'disk.vmdk', target: 'raw', compress: null },
  ]
}

export interface Places {
  readonly folder: string
  readonly output: string
  readonly qemuImg: string
}

const varveArgs: Readonly<Partial<Record<Contestant, readonly string[]>>> = {
  varve: [],
  'varve --no-verify': ['--no-verify'],
  'varve, cached': ['--no-verify', '--durability', 'cached'],
}

/** The command by which a contestant makes the conversion; null when it cannot. */
export function commandOf(contestant: Contestant, conversion: Conversion, places: Places): Command {
  const { target, compress } = conversion
  const source = join(places.folder, conversion.source)
  const own = varveArgs[contestant]
  if (own) {
    const compressing = compress ? ['--compress', compress] : []
    const args = [
      ...commandFlags,
      cli,
      'convert',
      source,
      places.output,
      '-O',
      target,
      ...compressing,
      ...own,
    ]
    return { file: process.execPath, args }
  }
  const parallel = contestant === 'qemu-img' ? [] : ['-W', '-m', '16']
  const compressing = compress ? ['-c', '-o', `compression_type=${compress}`] : []
  const args = ['convert', ...parallel, ...compressing, ...qemuTarget(target), source, places.output]
  if (contestant !== 'qemu-img -W -m 16, sync') return { file: places.qemuImg, args }
  const script = '"$0" "$@" && sync "$OUTPUT"'
  return { file: '/bin/sh', args: ['-c', script, places.qemuImg, ...args], env: { OUTPUT: places.output } }
}
