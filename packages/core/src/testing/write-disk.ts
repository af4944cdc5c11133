import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { deflateRawSync, deflateSync, zstdCompressSync } from 'node:zlib'
import type { ByteRange } from '../ranges/byte-range.ts'
import { chunkCount, chunkLength, chunkSize } from '../digest/disk-digest.ts'
import type {
  DiskWriter,
  DiskWriterOptions,
  FileWrite,
  PreparedChunk,
  WriterFormat,
} from '../image/disk-writer.ts'
import type { Compressors } from '../image/image-files.ts'
import type { WriteChoices } from '../image/image-choices.ts'

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
  readonly choices?: WriteChoices
  /** The name that the image will have; not said: that of its file. */
  readonly name?: string
  /** The disk below an overlay, of the same size. */
  readonly below?: Uint8Array
  /** Writers that take turns over one state, as threads do. */
  readonly writers?: number
  /** Gets the shared state before anything is written. */
  readonly onState?: (state: ArrayBufferLike) => void
}

/** Writes `disk` as a new image at `path` the way the engine does: zero chunks are left out; gives the size of all its files. */
export async function writeDisk(
  format: WriterFormat,
  path: string,
  disk: Uint8Array,
  { compression, subformat, choices, name = basename(path), below, writers = 1, onState }: WriteDiskOptions,
): Promise<number> {
  const virtualSize = disk.length
  const state = new SharedArrayBuffer(format.stateSize({ virtualSize, compression, subformat, choices }))
  onState?.(state)
  const openWriter = () =>
    format.open({
      id: testId,
      name,
      virtualSize,
      compression,
      subformat,
      choices,
      compressors: nodeCompressors,
      state,
    })
  const crew = Array.from({ length: writers }, openWriter)
  const handles = [await open(path, 'wx+')]
  try {
    for (const part of format.parts?.({ virtualSize, subformat, name, id: testId }) ?? [])
      handles.push(await open(join(dirname(path), part), 'wx+'))
    const writeAll = async (writes: Iterable<FileWrite>) => {
      for (const { at, bytes, file = 0 } of writes) await handles[file]?.write(bytes, 0, bytes.length, at)
    }
    for (let first = 0; first < chunkCount(virtualSize); first += writers) {
      const prepared = crew.map((writer, i) => ({
        writer,
        chunk: prepareChunk(writer, { disk, below }, first + i),
      }))
      for (const { writer, chunk } of prepared) if (chunk) writer.place(chunk)
      for (const { writer, chunk } of prepared.toReversed()) if (chunk) await writeAll(writer.writes(chunk))
    }
    const last = openWriter()
    await writeAll(last.finish())
    if (last.seal) await writeAll(last.seal.writes(await digests(handles[0], last.seal.ranges())))
    let total = 0
    for (const [file, handle] of handles.entries()) {
      await handle.truncate(last.fileSize(file))
      total += last.fileSize(file)
    }
    return total
  } finally {
    for (const handle of handles) await handle.close()
  }
}

async function digests(image: FileHandle | undefined, ranges: readonly ByteRange[]): Promise<string[]> {
  const found: string[] = []
  for (const { start, end } of ranges) {
    const bytes = new Uint8Array(end - start)
    await image?.read(bytes, 0, bytes.length, start)
    found.push(createHash('sha256').update(bytes).digest('hex'))
  }
  return found
}

interface Disks {
  readonly disk: Uint8Array
  readonly below: Uint8Array | undefined
}

function prepareChunk(writer: DiskWriter, { disk, below }: Disks, index: number): PreparedChunk | null {
  if (index >= chunkCount(disk.length)) return null
  const range = [index * chunkSize, index * chunkSize + chunkLength(disk.length, index)] as const
  const [chunk, under] = [disk.subarray(...range), below?.subarray(...range)]
  const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)
  return isZero(chunk) && (!under || isZero(under)) ? null : writer.prepare(index, chunk, under)
}
