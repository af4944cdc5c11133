import { readRange, type ByteSource } from '../../binary/byte-source.ts'
import { DiskError, isDiskError } from '../../problems/disk-error.ts'
import { problemFromError } from '../../problems/problem.ts'
import { checkBlocks, givenUp, noPlace, type BlockPlaces } from '../block-map/check-blocks.ts'
import type { CheckOptions, CheckReport, FindingList } from '../../image/check-report.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import { guardedCheck, type CheckOutcome } from '../../image/guarded-check.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { readCowdLayout } from './cowd-header.ts'
import { findOwner, partRefusal } from './lone-part.ts'
import { assertSameSize, readOwnMetadata, refusalOf } from './metadata.ts'
import { openExtents } from './open-extents.ts'
import { openGrainTables } from './grain-tables.ts'
import { openSeSparseExtent } from './se-sparse-extent.ts'
import { readSeLayout, seGrainSize } from './se-sparse-header.ts'
import { openSparseExtent } from './sparse-extent.ts'
import { readSparseLayout, sectorSize, type SparseLayout } from './sparse-header.ts'

const remedy = 'Compare the disk with another copy, or restore it from a backup.'
/** Sparse extents of ESX. */
const otherSparse: ReadonlySet<string> = new Set(['VMFSSPARSE', 'SESPARSE'])
/** Bytes that the shortest compressed grain takes: a marker in a sector of its own. */
const shortestGrain = sectorSize

/**
 * The descriptor and every extent: sparse ones by their grain directories (both copies), grain tables and the places of
 * their grains; flat ones by their size. the tables of COWD and seSparse extents are read as a reader does.
 */
export async function checkVmdk(
  file: ImageFile,
  ports: ImagePorts,
  options: CheckOptions = {},
): Promise<CheckReport> {
  return await guardedCheck({ file: file.path, format: 'vmdk' }, async (findings) => {
    const metadata = await readOwnMetadata(file)
    if (metadata === null) return await checkPart(file, ports, { findings, options })
    const refusal = refusalOf(metadata, file.path)
    if (refusal) throw refusal
    await using extents = await openExtents(file, metadata, ports)
    for (const fault of extents.faults) findings.adoptRefusal(problemFromError(fault))
    for (const problem of extents.problems) {
      findings.adopt(problem.id === 'vmdk-redundant-directory-used' ? 'corruption' : 'remark', problem)
    }
    const files = new Map([file, ...extents.parts].map((part) => [part.path, part]))
    let allocatedBytes = 0
    const checked = new Set(['descriptor', 'extents'])
    for (const line of metadata.extents) {
      if (line.type !== 'SPARSE' || line.name === null) continue
      const path = metadata.layout === null ? extents.partOf(line.name)?.path : file.path
      const part = path === undefined ? undefined : files.get(path)
      if (path === undefined || !part) continue
      files.delete(path)
      if (extents.faults.some((fault) => fault.file === path)) continue
      const layout = metadata.layout ?? (await readSparseLayout(part.source))
      allocatedBytes += await checkSparse(part, layout, { findings, options })
      checked.add('grain directories').add('grain tables')
    }
    const { disk } = extents
    if (disk && metadata.extents.some(({ type }) => otherSparse.has(type))) {
      await walkExtents(disk, { findings, options })
      checked.add('grain tables')
    }
    return { checked: [...checked], allocatedBytes, leakedBytes: 0 }
  })
}

/** A part of a split disk, by its own tables; throws `refused` unless a descriptor beside it vouches that it is one. */
async function checkPart(
  file: ImageFile,
  { files, codecs }: ImagePorts,
  { findings, options }: SparseCheck,
): Promise<CheckOutcome> {
  const owner = await findOwner(file, files)
  const refusal = partRefusal(file.path, owner)
  if (owner === null) throw refusal
  findings.adopt('remark', { ...problemFromError(refusal), id: 'vmdk-part' })
  const { type, sectors } = owner.line
  if (type === 'SESPARSE') {
    const layout = await readSeLayout(file.source)
    assertSameSize(sectors, { capacity: layout.capacity, grainSize: seGrainSize }, file.path)
    await walkExtents(openSeSparseExtent(file.source, layout), { findings, options })
    return { checked: ['grain tables'], allocatedBytes: null, leakedBytes: 0 }
  }
  const isCowd = type === 'VMFSSPARSE'
  const layout = await (isCowd ? readCowdLayout : readSparseLayout)(file.source)
  assertSameSize(sectors, layout, file.path)
  if (isCowd) {
    const { disk } = await openSparseExtent(file.source, layout, codecs)
    await walkExtents(disk, { findings, options })
    return { checked: ['grain tables'], allocatedBytes: null, leakedBytes: 0 }
  }
  const allocatedBytes = await checkSparse(file, layout, { findings, options })
  return { checked: ['grain directories', 'grain tables'], allocatedBytes, leakedBytes: 0 }
}

/** Reads all tables as a reader does: the first entry that it would refuse is a finding. */
async function walkExtents(disk: DiskReader, { findings, options }: SparseCheck): Promise<void> {
  const { signal } = options
  try {
    const extents = disk.extents({ start: 0, end: disk.virtualSize }, signal ? { signal } : {})
    for await (const { start } of extents) options.onProgress?.(start, disk.virtualSize)
  } catch (error) {
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    findings.adoptRefusal(problemFromError(error))
  }
}

interface SparseCheck {
  readonly findings: FindingList
  readonly options: CheckOptions
}

/** Gives the bytes that its grains hold. */
async function checkSparse(
  part: ImageFile,
  layout: SparseLayout,
  { findings, options }: SparseCheck,
): Promise<number> {
  const { source, path } = part
  const { grainSize, capacity, isCompressed } = layout
  const blockLength = isCompressed ? shortestGrain : grainSize
  const totals = await checkBlocks(
    {
      file: path,
      fileSize: source.size,
      findings,
      prefix: 'vmdk',
      noun: 'grain',
      blockLength,
      unit: sectorSize,
      blockCount: Math.ceil(capacity / grainSize),
      lengthOf: (index) =>
        isCompressed ? shortestGrain : Math.min(grainSize, Math.max(0, capacity - index * grainSize)),
      reserved: [
        { start: 0, end: sectorSize, name: 'header' },
        ...(layout.descriptor === null ? [] : [{ ...layout.descriptor, name: 'descriptor' }]),
        ...[layout.directoryAt, layout.redundantDirectoryAt]
          .filter((at) => at !== null)
          .map((start) => ({ start, end: start + layout.directoryEntries * 4, name: 'grain directory' })),
        ...(isCompressed ? [] : await tableRegions(source, layout)),
      ],
      unused: null,
      source: isCompressed ? null : source,
      // What is written again after it was zeroed gets a new place; its old one stays.
      leavesBlocks: layout.hasZeroGrains,
      remedy,
    },
    grainPages(part, layout, findings),
    options,
  )
  await compareCopies(part, layout, findings)
  return totals.allocatedBlocks * grainSize
}

/** Where the grain tables lie that the directories name, as far as they can be read. */
async function tableRegions(
  source: ByteSource,
  { directoryAt, redundantDirectoryAt, directoryEntries, tableEntries }: SparseLayout,
): Promise<{ start: number; end: number; name: string }[]> {
  const regions: { start: number; end: number; name: string }[] = []
  for (const at of new Set([directoryAt, redundantDirectoryAt])) {
    if (at === null || at + directoryEntries * 4 > source.size) continue
    const range = { start: at, end: at + directoryEntries * 4 }
    const view = new DataView((await readRange(source, range, 'VMDK grain directory')).buffer)
    for (let index = 0; index < directoryEntries; index += 1) {
      const start = view.getUint32(index * 4, true) * sectorSize
      const end = start + tableEntries * 4
      if (start > 0 && end <= source.size) regions.push({ start, end, name: 'grain table' })
    }
  }
  return regions
}

async function* grainPages(
  { source, path }: ImageFile,
  layout: SparseLayout,
  findings: FindingList,
): AsyncGenerator<BlockPlaces> {
  const tables = await openGrainTables(source, layout)
  const { tableEntries, directoryEntries, grainSize, capacity } = layout
  const grains = Math.ceil(capacity / grainSize)
  let present = 0
  for (let index = 0; index < directoryEntries; index += 1) if (!tables.isAbsent(index)) present += 1
  if (present * tableEntries * 4 > source.size) {
    const reason = `it names ${present} grain tables, for which the file has no room`
    throw new DiskError('corrupt', { file: path, structure: 'VMDK grain directory', reason })
  }
  for (let index = 0; index < directoryEntries; index += 1) {
    if (tables.isAbsent(index)) continue
    const first = index * tableEntries
    const table = await tables.load(index)
    if (!layout.hasZeroGrains && table.subarray(0, Math.max(0, grains - first)).includes(1)) {
      const message = `Grain table ${index} marks zero grains, which this image says it has not.`
      findings.add('corruption', { id: 'vmdk-zero-grain', message, remedy, offset: tables.offsetOf(index) })
    }
    const places = Float64Array.from(table.subarray(0, Math.max(0, grains - first)), (entry) =>
      entry === 0 ? noPlace : entry === 1 ? givenUp : entry * sectorSize,
    )
    yield { first, places, entriesAt: tables.offsetOf(index), entrySize: 4 }
  }
}

/** The second copies of the grain directory and its tables must say what the first ones say. */
async function compareCopies(
  { source, path }: ImageFile,
  layout: SparseLayout,
  findings: FindingList,
): Promise<void> {
  const { redundantDirectoryAt, directoryAt, directoryEntries, tableEntries } = layout
  if (redundantDirectoryAt === null || layout.isCompressed) return
  const read = async (start: number, size: number) =>
    await readRange(source, { start, end: start + size }, 'VMDK grain table')
  try {
    const [first, second] = [
      await read(directoryAt, directoryEntries * 4),
      await read(redundantDirectoryAt, directoryEntries * 4),
    ]
    const [one, two] = [new DataView(first.buffer), new DataView(second.buffer)]
    for (let index = 0; index < directoryEntries; index += 1) {
      const [at, copyAt] = [
        one.getUint32(index * 4, true) * sectorSize,
        two.getUint32(index * 4, true) * sectorSize,
      ]
      if (at === 0 && copyAt === 0) continue
      const isEqual =
        at !== 0 &&
        copyAt !== 0 &&
        equal(await read(at, tableEntries * 4), await read(copyAt, tableEntries * 4))
      if (isEqual) continue
      const message = `Grain table ${index} of ${JSON.stringify(path)} and its second copy differ.`
      findings.add('corruption', {
        id: 'vmdk-copies-differ',
        message,
        remedy,
        offset: redundantDirectoryAt + index * 4,
      })
    }
  } catch (error) {
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    findings.adoptRefusal(problemFromError(error))
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, index) => byte === b[index])
}
