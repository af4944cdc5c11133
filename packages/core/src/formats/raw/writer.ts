import { dataRuns } from '../../binary/zero-scan.ts'
import { chunkLength, chunkSize } from '../../digest/disk-digest.ts'
import type {
  DiskWriter,
  DiskWriterOptions,
  FileWrite,
  PreparedChunk,
  WriterFormat,
} from '../../image/disk-writer.ts'
import { assertChoices } from '../write-choices.ts'
import { assertSize } from '../writable-sizes.ts'

/** Runs of zeros of at least this many bytes, at multiples of it, stay holes. */
export const holeSize = 4096

interface RawChunk extends PreparedChunk {
  readonly bytes: Uint8Array
  /** Parts of `bytes` to write, in order: start, end, start, end, … */
  readonly runs: readonly number[]
}

/**
 * Writes raw: each chunk at its own offset, zeros left out. A prepared chunk keeps the caller's memory until its writes
 * are done. The file is as long as the disk, so its end may be a hole.
 */
export const rawWriter: WriterFormat = {
  format: 'raw',
  unit: holeSize,
  hasIdentity: false,
  stateSize: (options) => {
    assertChoices('raw', options)
    assertSize('raw', options)
    return 0
  },
  open: rawDiskWriter,
  /** Of a sparse file what counts is the room it takes: its data in whole blocks. */
  measure: ({ virtualSize, dataBytes, choices }) =>
    (choices?.preallocation ?? 'off') === 'off'
      ? Math.min(virtualSize, Math.ceil(dataBytes / holeSize) * holeSize)
      : virtualSize,
}

function rawDiskWriter(options: DiskWriterOptions): DiskWriter {
  const { virtualSize, choices } = options
  const preallocation = choices?.preallocation ?? 'off'
  assertChoices('raw', options)
  assertSize('raw', { virtualSize })
  return {
    *reserve() {
      if (preallocation !== 'off')
        yield { at: 0, length: virtualSize, how: preallocation === 'full' ? 'zeros' : 'allocate' }
    },
    prepare(index, chunk): RawChunk {
      if (index < 0 || index * chunkSize >= virtualSize || chunk.length !== chunkLength(virtualSize, index)) {
        throw new RangeError(`chunk ${index} of ${chunk.length} bytes on a disk of ${virtualSize}`)
      }
      return { index, bytes: chunk, runs: dataRuns(chunk, holeSize) }
    },
    place() {},
    placesAreFixed: true,
    *writes(prepared): Generator<FileWrite> {
      const { index, bytes, runs } = asRawChunk(prepared)
      for (let i = 0; i + 1 < runs.length; i += 2) {
        const start = runs[i] ?? 0
        yield { at: index * chunkSize + start, bytes: bytes.subarray(start, runs[i + 1]) }
      }
    },
    *finish() {},
    fileSize: () => virtualSize,
  }
}

function asRawChunk(prepared: PreparedChunk): RawChunk {
  if ('runs' in prepared && 'bytes' in prepared) return prepared as RawChunk
  throw new TypeError('a chunk that another writer prepared')
}
