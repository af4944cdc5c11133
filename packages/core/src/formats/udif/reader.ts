import { countBefore } from '../../binary/bisect.ts'
import { readRange } from '../../binary/byte-source.ts'
import { loadCache } from '../../binary/load-cache.ts'
import { mergeExtentStream, type Extent } from '../../ranges/extent.ts'
import { DiskError } from '../../problems/disk-error.ts'
import { assertOnDisk, clampToDisk } from '../../disk/disk-range.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import type { Codecs, ImageFile } from '../../image/image-files.ts'
import type { UdifMetadata } from './metadata.ts'
import type { UdifRun } from './runs.ts'
import { decodersOf, type Decoder } from './unpack.ts'

/** Bytes of unpacked runs kept in memory. */
const cacheBytes = 16 * 1024 ** 2

/** A UDIF image as a disk; what no run is about is `absent`. Throws `unsupported-feature` for runs without a decoder. */
export function openUdif(file: ImageFile, metadata: UdifMetadata, codecs: Codecs): DiskReader {
  const { path, source } = file
  const { virtualSize, runs } = metadata
  const decoders = decodersOf(metadata.kinds, codecs, path)
  const unpacked = loadCache<Uint8Array>({ maxBytes: cacheBytes, sizeOf: ({ length }) => length })
  const disk: DiskReader = {
    name: path,
    virtualSize,
    extents: (range, { signal } = {}) => mergeExtentStream(extentsOf(runs, clampToDisk(disk, range), signal)),
    async readInto(target, at, { signal } = {}) {
      const end = at + target.length
      assertOnDisk(disk, { start: at, end })
      let position = at
      for (let index = runAt(runs, at); position < end; index += 1) {
        signal?.throwIfAborted()
        const run = runs[index]
        const gapEnd = Math.min(end, run?.start ?? end)
        if (position < gapEnd) target.fill(0, position - at, gapEnd - at)
        position = Math.max(position, gapEnd)
        if (!run || position >= end) break
        const partEnd = Math.min(end, run.start + run.length)
        const part = target.subarray(position - at, partEnd - at)
        const into = position - run.start
        if (run.kind === 'zero' || run.kind === 'ignore') part.fill(0)
        else if (run.kind === 'raw') await source.readInto(part, run.at + into)
        else {
          const decoder = decoders.get(run.kind)
          if (!decoder) throw new RangeError(`no decoder of ${run.kind}`)
          const bytes = await unpacked.get(index, () => unpack(run, decoder, file))
          part.set(bytes.subarray(into, into + part.length))
        }
        position = partEnd
      }
    },
  }
  return disk
}

async function unpack(run: UdifRun, decode: Decoder, { source, path }: ImageFile): Promise<Uint8Array> {
  const { at, packedLength, length, kind } = run
  const packed = await readRange(source, { start: at, end: at + packedLength }, `${kind} run`)
  const bytes = await decodeOrRefuse(run, decode, { packed, path })
  if (bytes.length === length) return bytes
  const reason = `it holds ${bytes.length} bytes, the run has ${length}`
  throw new DiskError('decompression-failed', { file: path, offset: at, reason })
}

async function decodeOrRefuse(
  { at, length }: UdifRun,
  decode: Decoder,
  { packed, path }: { packed: Uint8Array; path: string },
): Promise<Uint8Array> {
  try {
    return await decode(packed, length)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new DiskError('decompression-failed', { file: path, offset: at, reason }, { cause: error })
  }
}

async function* extentsOf(
  runs: readonly UdifRun[],
  { start, end }: { start: number; end: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Extent> {
  let position = start
  for (let index = runAt(runs, start); position < end; index += 1) {
    signal?.throwIfAborted()
    const run = runs[index]
    const gapEnd = Math.min(end, run?.start ?? end)
    if (position < gapEnd) yield { start: position, length: gapEnd - position, content: 'absent' }
    position = Math.max(position, gapEnd)
    if (!run || position >= end) return
    const runEnd = Math.min(end, run.start + run.length)
    const content = run.kind === 'zero' || run.kind === 'ignore' ? 'zero' : 'data'
    yield { start: position, length: runEnd - position, content }
    position = runEnd
  }
}

/** Index of the first run that ends after byte `at`. */
function runAt(runs: readonly UdifRun[], at: number): number {
  return countBefore(runs.length, (index) => {
    const run = runs[index]
    return run !== undefined && run.start + run.length <= at
  })
}
