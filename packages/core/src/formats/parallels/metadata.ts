import { assertMark } from '../../image/assert-mark.ts'
import { readRange } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { oncePerFile } from '../../image/once-per-file.ts'
import { hdsHeader, hdsMagics, inUseOpen, sectorSize, type HdsHeader } from './header.ts'

const maxClusterSize = 2 * 1024 ** 3
/** Entries of a BAT, at most: it then has 512 MiB. */
const maxBatEntries = 2 ** 27

/** What a `.hds` says about itself, checked against the file. */
export interface HdsMetadata {
  readonly header: HdsHeader
  readonly version: 1 | 2
  readonly virtualSize: number
  readonly clusterSize: number
  /** Bytes that one unit of a BAT entry stands for. */
  readonly entryUnit: number
  /** What is wrong though the disk can be read. */
  readonly problems: readonly Problem[]
}

/** Reads and checks the header; throws a coded error for what cannot be read right. */
export const readHdsMetadata = oncePerFile(readMetadata)

async function readMetadata({ source, path }: ImageFile): Promise<HdsMetadata> {
  const end = Math.min(source.size, hdsHeader.size)
  const bytes = await readRange(source, { start: 0, end }, hdsHeader.name)
  assertMark(bytes, { file: path, structure: hdsHeader.name, format: 'parallels' })
  const header = hdsHeader.read(bytes, path)
  const version = versionOf(header.magic)
  if (version === null) throw damaged(path, 'its magic is missing', 0)
  if (header.version !== 2) {
    const feature = `header version ${header.version}`
    throw new DiskError('unsupported-feature', { file: path, format: 'Parallels', feature })
  }
  const clusterSize = header.tracks * sectorSize
  if (clusterSize === 0 || clusterSize > maxClusterSize) {
    throw damaged(path, `a cluster of ${header.tracks} sectors`, 28)
  }
  // Version 1 knows 32 bits; the word above is left by old software as it happened to be.
  const sectors = header.sectors + (version === 1 ? 0 : header.sectorsHigh * 2 ** 32)
  const virtualSize = sectors * sectorSize
  if (!Number.isSafeInteger(virtualSize)) throw tooMuch(path, 'size of the disk', virtualSize, 2 ** 53 - 1)
  if (header.batEntries > maxBatEntries) {
    throw tooMuch(path, 'number of BAT entries', header.batEntries, maxBatEntries)
  }
  if (header.batEntries * clusterSize < virtualSize) {
    throw damaged(path, `${header.batEntries} BAT entries do not hold ${virtualSize} bytes`, 32)
  }
  if (hdsHeader.size + header.batEntries * 4 > source.size) {
    throw new DiskError('truncated', {
      file: path,
      structure: 'Parallels BAT',
      wanted: header.batEntries * 4,
      available: Math.max(0, source.size - hdsHeader.size),
    })
  }
  const entryUnit = version === 1 ? sectorSize : clusterSize
  const problems = header.inUse === inUseOpen ? [notClosed(path)] : []
  return { header, version, virtualSize, clusterSize, entryUnit, problems }
}

function versionOf(magic: string): 1 | 2 | null {
  for (const [name, version] of Object.entries(hdsMagics)) if (name === magic) return version
  return null
}

function notClosed(file: string): Problem {
  return {
    id: 'parallels-in-use',
    severity: 'warn',
    layer: 'L2',
    file,
    message:
      'The image is marked as open for writing: its machine runs, or the program that wrote it crashed.',
    remedy: 'Shut the machine down, or start and shut it down once, before you trust a copy.',
    offset: 44,
  }
}

function tooMuch(file: string, what: string, value: number, limit: number): DiskError {
  return new DiskError('limit-exceeded', { file, what, value, limit })
}

function damaged(file: string, reason: string, offset: number): DiskError {
  return new DiskError('corrupt', { file, structure: hdsHeader.name, reason, offset })
}
