import { join, resolve } from 'node:path'
import type { Command } from './run-timed.ts'

const cli = resolve(import.meta.dirname, '../../../packages/cli/bin/varve.mjs')

export type Contestant = 'varve' | 'qemu-img' | 'qemu-img -W -m 16'
export const contestants: readonly Contestant[] = ['varve', 'qemu-img', 'qemu-img -W -m 16']

/** One conversion that all contestants make. */
export interface Conversion {
  readonly name: string
  readonly source: string
  readonly target: 'raw' | 'qcow2'
  readonly compress: 'zstd' | null
}

export const conversions: readonly Conversion[] = [
  { name: 'VMDK → raw', source: 'disk.vmdk', target: 'raw', compress: null },
  { name: 'VMDK → qcow2', source: 'disk.vmdk', target: 'qcow2', compress: null },
  { name: 'qcow2 → raw', source: 'disk.qcow2', target: 'raw', compress: null },
  { name: 'qcow2 → qcow2', source: 'disk.qcow2', target: 'qcow2', compress: null },
  { name: 'raw → raw', source: 'disk.raw', target: 'raw', compress: null },
  { name: 'raw → qcow2', source: 'disk.raw', target: 'qcow2', compress: null },
  { name: 'raw → qcow2, zstd', source: 'disk.raw', target: 'qcow2', compress: 'zstd' },
]

export interface Places {
  readonly folder: string
  readonly output: string
  readonly qemuImg: string
  /** Further arguments for `varve convert`. */
  readonly varveArgs: readonly string[]
}

/** The command by which a contestant makes the conversion. */
export function commandOf(contestant: Contestant, conversion: Conversion, places: Places): Command {
  const { target, compress } = conversion
  const source = join(places.folder, conversion.source)
  if (contestant === 'varve') {
    const compressing = compress ? ['--compress', compress] : []
    const args = [cli, 'convert', source, places.output, '-O', target, ...compressing, ...places.varveArgs]
    return { file: process.execPath, args }
  }
  const parallel = contestant === 'qemu-img -W -m 16' ? ['-W', '-m', '16'] : []
  const compressing = compress ? ['-c', '-o', `compression_type=${compress}`] : []
  const args = ['convert', ...parallel, ...compressing, '-O', target, source, places.output]
  return { file: places.qemuImg, args }
}
