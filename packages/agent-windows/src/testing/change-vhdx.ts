import { execFileSync } from 'node:child_process'
import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { resolve } from 'node:path'
import { resizeGpt } from '@varve/engine/cutting/resize-gpt'

/**
 * What Resize-VHD and Resize-Partition of the Windows of the tests do to a real VHDX with sectors of 512 bytes, by Varve, ntfsresize
 * and a raw file: `disk PATH SIZE`, or `partition PATH INDEX START BEFORE SIZE`. The NTFS has its new size then, and so has its
 * partition; the GPT ends where the disk does; what Windows keeps in a volume that it mounts is not there.
 */
const varve = resolve(import.meta.dirname, '../../../cli/bin/varve.mjs')
const [, , what = '', path = '', ...numbers] = process.argv
const raw = `${path}.raw`
const made = `${path}.made.vhdx`
const run = (tool: string, ...args: string[]) => execFileSync(tool, args, { stdio: 'pipe' })

function convert(from: string, to: string, format: string): void {
  rmSync(to, { force: true })
  run(process.execPath, varve, 'convert', from, to, '-O', format, '--yes')
}

convert(path, raw, 'raw')
if (what === 'disk') truncateSync(raw, Number(numbers[0]))
else await resizePartition(numbers.map(Number))
convert(raw, made, 'vhdx')
renameSync(made, path)
rmSync(raw)

async function resizePartition([
  index = 0,
  start = 0,
  before = 0,
  size = 0,
]: readonly number[]): Promise<void> {
  const part = `${path}.part.raw`
  const bytes = Buffer.alloc(before)
  const disk = openSync(raw, 'r+')
  readSync(disk, bytes, 0, before, start)
  writeFileSync(part, bytes)
  if (size > before) truncateSync(part, size)
  run('ntfsresize', '--force', '--force', '--no-progress-bar', '--size', String(size), part)
  run('ntfsfix', '--clear-dirty', part)
  writeSync(disk, readFileSync(part).subarray(0, size), 0, size, start)
  closeSync(disk)
  rmSync(part)
  const head = readFileSync(raw).subarray(0, 1024)
  if (head.toString('latin1', 512, 520) !== 'EFI PART') {
    writeSectors(head, index, size / 512)
    return
  }
  await resizeGpt(raw, { sectorSize: 512, resized: { index, start, end: start + size }, name: path })
}

/** How long a partition of an MBR is. */
function writeSectors(head: Buffer, index: number, sectors: number): void {
  head.writeUInt32LE(sectors, 446 + 16 * (index - 1) + 12)
  const disk = openSync(raw, 'r+')
  writeSync(disk, head, 0, 512, 0)
  closeSync(disk)
}
