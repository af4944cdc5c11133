import { open } from 'node:fs/promises'
import { deflateRawSync, deflateSync, zstdCompressSync } from 'node:zlib'
import { chunkCount, chunkLength, chunkSize } from '../digest/disk-digest.ts'
import type { DiskWriterOptions, FileWrite, PreparedChunk, WriterFormat } from '../formats/disk-writer.ts'
import type { Compressors } from '../formats/image-files.ts'

/** Node's own compressors, deflate with the window that qcow2 asks for. */
export const nodeCompressors: Compressors = {
  deflateRaw: (bytes) => deflateRawSync(bytes, { windowBits: 12 }),
  deflate: (bytes) => deflateSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
}

/** The identity of images that tests write. */
export const testId = '6f0c8e2a-7b1d-4c3e-9a55-0123456789ab'

export interface WriteDiskOptions {
  readonly compression: DiskWriterOptions['compression']
  readonly subformat?: string
  /** Writers that take turns over one state, as threads do. */
  readonly writers?: number
  /** Gets the shared state before anything is written. */
  readonly onState?: (state: ArrayBufferLike) => void
}

/** Writes `disk` as a new file at `path` the way the engine does: zero chunks are left out; gives the size of the file. */
export async function writeDisk(
  format: WriterFormat,
  path: string,
  disk: Uint8Array,
  { compression, subformat, writers = 1, onState }: WriteDiskOptions,
): Promise<number> {
  const virtualSize = disk.length
  const state = new SharedArrayBuffer(format.stateSize({ virtualSize, compression, subformat }))
  onState?.(state)
  const openWriter = () =>
    format.open({ id: testId, virtualSize, compression, subformat, compressors: nodeCompressors, state })
  const crew = Array.from({ length: writers }, openWriter)
  const handle = await open(path, 'wx')
  try {
    const writeAll = async (writes: Iterable<FileWrite>) => {
      for (const { at, bytes } of writes) await handle.write(bytes, 0, bytes.length, at)
    }
    for (let first = 0; first < chunkCount(virtualSize); first += writers) {
      const prepared = crew.map((writer, i) => ({ writer, chunk: prepareChunk(writer, disk, first + i) }))
      for (const { writer, chunk } of prepared) if (chunk) writer.place(chunk)
      for (const { writer, chunk } of prepared.toReversed()) if (chunk) await writeAll(writer.writes(chunk))
    }
    const last = openWriter()
    await writeAll(last.finish())
    await handle.truncate(last.fileSize())
    return last.fileSize()
  } finally {
    await handle.close()
  }
}

function prepareChunk(
  writer: ReturnType<WriterFormat['open']>,
  disk: Uint8Array,
  index: number,
): PreparedChunk | null {
  if (index >= chunkCount(disk.length)) return null
  const chunk = disk.subarray(index * chunkSize, index * chunkSize + chunkLength(disk.length, index))
  return chunk.every((byte) => byte === 0) ? null : writer.prepare(index, chunk)
}
