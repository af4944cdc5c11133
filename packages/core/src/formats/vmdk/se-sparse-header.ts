import { assertInside, readRange, type ByteSource } from '../../binary/byte-source.ts'
import { u64le, u8 } from '../../binary/fields.ts'
import { struct } from '../../binary/struct.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { sectorSize } from './sparse-header.ts'

/** Grains of 4 KiB in tables of 4,096 entries: nothing else is written by ESXi. */
export const seGrainSize = 4096
export const seTableEntries = 4096
const seTableSize = seTableEntries * 8
/** Bytes of the largest disk that ESXi makes. */
const maxCapacity = 64 * 1024 ** 4
const version = 0x2_0000_0001
const magic = 0xcafe_babe
const volatileMagic = 0xcafe_cafe

/** The constant header; not published, known from libvmdk, dissect and QEMU. Offsets and sizes in sectors. */
export const seHeader = struct('VMDK seSparse header', 512, {
  magic: [0, u64le],
  version: [8, u64le],
  capacity: [16, u64le],
  grainSize: [24, u64le],
  grainTableSize: [32, u64le],
  flags: [40, u64le],
  volatileHeaderOffset: [80, u64le],
  volatileHeaderSize: [88, u64le],
  grainDirectoryOffset: [128, u64le],
  grainDirectorySize: [136, u64le],
  grainTablesOffset: [144, u64le],
  grainTablesSize: [152, u64le],
  grainsOffset: [192, u64le],
  grainsSize: [200, u64le],
})

/** The volatile header: whether the journal must be replayed before any table is believed. */
export const seVolatileHeader = struct('VMDK seSparse volatile header', 512, {
  magic: [0, u64le],
  freeTableNumber: [8, u64le],
  nextTransaction: [16, u64le],
  replayJournal: [24, u8],
})

/** An seSparse header, checked against the file; offsets and sizes in bytes. */
export interface SeLayout {
  readonly capacity: number
  readonly directoryAt: number
  readonly tablesAt: number
  /** Tables that have room between `tablesAt` and their end. */
  readonly tableCount: number
  readonly grainsAt: number
}

/** The layout of an seSparse extent; throws a coded error for what is damaged, hostile, not known or needs a replay. */
export async function readSeLayout(source: ByteSource): Promise<SeLayout> {
  const file = source.name
  const header = seHeader.read(await readRange(source, { start: 0, end: seHeader.size }, seHeader.name), file)
  const refuse = (feature: string) => new DiskError('unsupported-feature', { file, format: 'VMDK', feature })
  if (header.magic !== magic) throw damaged(file, 'it does not start with CAFEBABE', 0)
  if (header.version !== version) throw refuse(`seSparse version ${header.version.toString(16)}`)
  if (header.grainSize * sectorSize !== seGrainSize)
    throw refuse(`seSparse grains of ${header.grainSize} sectors`)
  if (header.grainTableSize * sectorSize !== seTableSize)
    throw refuse(`seSparse grain tables of ${header.grainTableSize} sectors`)
  if (header.flags !== 0) throw refuse(`seSparse flags ${header.flags.toString(16)}`)
  const capacity = header.capacity * sectorSize
  if (capacity > maxCapacity) {
    const what = 'size of an seSparse disk'
    throw new DiskError('limit-exceeded', { file, what, value: capacity, limit: maxCapacity })
  }
  await assertClean(source, header.volatileHeaderOffset * sectorSize)
  const directoryEntries = Math.ceil(capacity / (seGrainSize * seTableEntries))
  const directoryAt = header.grainDirectoryOffset * sectorSize
  if (header.grainDirectorySize * sectorSize < directoryEntries * 8)
    throw damaged(
      file,
      `its grain directory has ${header.grainDirectorySize} sectors, too few for its size`,
      136,
    )
  const directory = { start: directoryAt, end: directoryAt + directoryEntries * 8 }
  assertInside(source, directory, 'VMDK seSparse grain directory')
  const tablesAt = header.grainTablesOffset * sectorSize
  const grainsAt = header.grainsOffset * sectorSize
  for (const at of [tablesAt, grainsAt]) {
    if (!Number.isSafeInteger(at) || at > source.size) throw damaged(file, 'a part of it lies past its end')
  }
  const tableCount = Math.floor((header.grainTablesSize * sectorSize) / seTableSize)
  return { capacity, directoryAt, tablesAt, tableCount, grainsAt }
}

async function assertClean(source: ByteSource, start: number): Promise<void> {
  const file = source.name
  const range = { start, end: start + seVolatileHeader.size }
  const header = seVolatileHeader.read(await readRange(source, range, seVolatileHeader.name), file)
  if (header.magic !== volatileMagic) throw damaged(file, 'its volatile header is missing', start)
  if (header.replayJournal === 0) return
  throw new DiskError('refused', {
    file,
    reason: 'this seSparse extent was not closed: its journal holds changes that its tables lack',
    remedy: 'Start and shut down its machine once, or consolidate the snapshot on its ESXi host.',
  })
}

function damaged(file: string, reason: string, offset?: number): DiskError {
  const structure = seHeader.name
  return new DiskError('corrupt', { file, structure, reason, ...(offset === undefined ? {} : { offset }) })
}
