import type { ByteSource } from '../../binary/byte-source.ts'
import type { ByteRange } from '../../ranges/byte-range.ts'
import { mergeExtents, mergeExtentStream } from '../../ranges/extent.ts'
import type { Extent } from '../../ranges/extent.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { DiskReader, ReadOptions } from '../../disk/disk-reader.ts'
import type { OpenLayer } from '../../image/format-driver.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import type { ReadingChoices } from '../../image/reading-choices.ts'
import { clusterFetch } from './cluster-fetch.ts'
import type { ClusterFetch, CompressedFetch } from './cluster-fetch.ts'
import { clusterMap, readL1Table } from './cluster-map.ts'
import type { ClusterMap, L2Table, Run } from './cluster-map.ts'
import { openDataFile } from './data-file.ts'
import { findDiskState } from './disk-state.ts'
import { hasFeature, incompatibleFeatures } from './feature-bits.ts'
import { l2TableSpan } from './header.ts'
import type { Qcow2Header } from './header.ts'
import { dataFileOf } from './inspect.ts'
import { readMetadata } from './metadata.ts'

/** Opens one qcow2 layer, or the state of a snapshot in it; throws the first fault for which QEMU would not open it either. */
export async function openQcow2Layer(
  file: ImageFile,
  ports: ImagePorts,
  choices: ReadingChoices = {},
): Promise<OpenLayer> {
  const { header, extensions, faults } = await readMetadata(file)
  const [fault] = faults
  if (fault) throw fault
  if (!header)
    throw new DiskError('corrupt', {
      file: file.path,
      structure: 'qcow2 header',
      reason: 'it cannot be read',
    })
  const { virtualSize, l1TableOffset } = await findDiskState(file, header, choices.snapshot)
  const l1 = await readL1Table(
    { file: file.path, source: file.source, clusterSize: header.clusterSize },
    { offset: l1TableOffset, entries: Math.ceil(virtualSize / l2TableSpan(header)) },
  )
  const dataName = dataFileOf(header, extensions)
  const dataFile = dataName === null ? null : (await openDataFile(ports.files, file.path, dataName)).file
  const map = clusterMap({
    file: file.path,
    source: file.source,
    geometry: geometryOf(header, dataFile !== null),
    l1,
  })
  const fetch = clusterFetch({
    file: file.path,
    clusterSize: header.clusterSize,
    source: file.source,
    dataSource: dataFile?.source ?? file.source,
    dataFile: dataFile?.path ?? file.path,
    unpack: (bytes, size) =>
      header.compressionType === 0 ? ports.codecs.inflateRaw(bytes, size) : ports.codecs.zstd(bytes, size),
  })
  return {
    disk: qcow2Disk({
      file,
      virtualSize,
      map,
      fetch,
      holes: sourceWithHoles(dataFile ?? file),
    }),
    parts: dataFile ? [dataFile] : [],
    async [Symbol.asyncDispose]() {
      await dataFile?.[Symbol.asyncDispose]()
    },
  }
}

function geometryOf(header: Qcow2Header, hasDataFile: boolean) {
  return {
    clusterBits: header.clusterBits,
    version: header.version,
    hasSubclusters: hasFeature(header.incompatible, incompatibleFeatures.extendedL2),
    hasDataFile,
  }
}

/** The source when the host says that it has holes: allocated clusters may then be holes, as with preallocation. */
function sourceWithHoles({ source, allocated }: ImageFile): ByteSource | null {
  return allocated !== null && allocated < source.size ? source : null
}

interface TablePart extends ByteRange {
  /** null: nothing is allocated here. */
  readonly table: L2Table | null
}

interface Qcow2DiskOptions {
  readonly file: ImageFile
  readonly virtualSize: number
  readonly map: ClusterMap
  readonly fetch: ClusterFetch
  readonly holes: ByteSource | null
}

function qcow2Disk({ file, virtualSize, map, fetch, holes }: Qcow2DiskOptions): DiskReader {
  function assertInDisk({ start, end }: ByteRange): void {
    if (start >= 0 && start <= end && end <= virtualSize) return
    throw new DiskError('out-of-range', { file: file.path, start, end, size: virtualSize })
  }

  const loadTable = async (at: number) => map.loadTable(at)
  const spanEnd = (at: number) => (Math.floor(at / map.tableSpan) + 1) * map.tableSpan

  /** The parts of `range` under one L2 table each, or under none; `find` brings a table that is not at hand. */
  async function* tablesOver(
    { start, end }: ByteRange,
    find: (at: number) => Promise<L2Table | null>,
    signal?: AbortSignal,
  ): AsyncGenerator<TablePart> {
    let at = start
    while (at < end) {
      signal?.throwIfAborted()
      const known = map.peekTable(at)
      const table = known === undefined ? await find(at) : known
      const tableEnd = known === null ? map.endOfMissingTables(at) : spanEnd(at)
      const partEnd = Math.min(end, tableEnd)
      yield { table, start: at, end: partEnd }
      at = partEnd
    }
  }

  function* runsOf({ table, start, end }: TablePart): Generator<{ at: number; run: Run }> {
    if (!table) return yield { at: start, run: { kind: 'absent', length: end - start } }
    let at = start
    while (at < end) {
      const run = map.runAt(table, at, end)
      yield { at, run }
      at += run.length
    }
  }

  function* extentsOf(part: TablePart): Generator<Extent> {
    for (const { at, run } of runsOf(part)) {
      if (run.kind === 'data') fetch.assertHasData(run.hostOffset, run.length)
      const content = run.kind === 'compressed' ? 'data' : run.kind
      yield { start: at, length: run.length, content }
    }
  }

  /** As `extentsOf`, but holes of the host file inside data are zeros. */
  async function* extentsWithHoles(part: TablePart, source: ByteSource): AsyncGenerator<Extent> {
    for (const { at, run } of runsOf(part)) {
      if (run.kind === 'data') {
        fetch.assertHasData(run.hostOffset, run.length)
        yield* holesOf(source, run, at)
        continue
      }
      yield { start: at, length: run.length, content: run.kind === 'compressed' ? 'data' : run.kind }
    }
  }

  async function* allExtents(range: ByteRange, signal?: AbortSignal): AsyncGenerator<Extent> {
    // Tables that are gone over once pass through one buffer when there are more than are kept.
    const scratch = range.end > spanEnd(range.start) ? new Uint8Array(map.clusterSize) : null
    const find = scratch ? async (at: number) => map.scanTable(at, scratch) : loadTable
    for await (const part of tablesOver(range, find, signal)) {
      if (holes && part.table) yield* extentsWithHoles(part, holes)
      else yield* mergeExtents(extentsOf(part))
    }
  }

  return {
    name: file.source.name,
    virtualSize,
    async *extents(range, options?: ReadOptions) {
      assertInDisk(range)
      yield* mergeExtentStream(allExtents(range, options?.signal))
    },
    async readInto(target, at, options) {
      assertInDisk({ start: at, end: at + target.length })
      const compressed: CompressedFetch[] = []
      let plain = { into: 0, length: 0, hostOffset: 0 }
      const fetchPlain = async () => {
        const { into, length, hostOffset } = plain
        if (length > 0) await fetch.data(target.subarray(into, into + length), hostOffset)
      }
      const range = { start: at, end: at + target.length }
      for await (const part of tablesOver(range, loadTable, options?.signal)) {
        for (const { at: runAt, run } of runsOf(part)) {
          const into = runAt - at
          if (run.kind !== 'data') {
            const bytes = target.subarray(into, into + run.length)
            if (run.kind === 'compressed') compressed.push({ ...run, target: bytes })
            else bytes.fill(0)
            continue
          }
          if (plain.into + plain.length === into && plain.hostOffset + plain.length === run.hostOffset) {
            plain.length += run.length
            continue
          }
          await fetchPlain()
          plain = { into, length: run.length, hostOffset: run.hostOffset }
        }
      }
      await fetchPlain()
      await fetch.compressed(compressed)
    },
  }
}

/** A run of data in which holes of the host file are zeros. */
async function* holesOf(
  source: ByteSource,
  { hostOffset, length }: { hostOffset: number; length: number },
  at: number,
): AsyncGenerator<Extent> {
  const end = Math.min(source.size, hostOffset + length)
  for await (const extent of source.extents({ start: hostOffset, end })) {
    yield { ...extent, start: extent.start - hostOffset + at }
  }
  yield { start: at + end - hostOffset, length: hostOffset + length - end, content: 'zero' }
}
