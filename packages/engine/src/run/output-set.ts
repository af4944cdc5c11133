import { read } from 'node:fs'
import { mkdir, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import type { FileWrite, Reservation } from '@varve/core/image/disk-writer'
import { DiskError } from '@varve/core/problems/disk-error'
import { writeError } from '../system/system-error.ts'
import { createOutput, type Durability, type OutputFile, type OutputOptions } from './output-file.ts'
import { fileOf } from './write-all.ts'

/** An image that is being written, with its parts; all are removed again at disposal unless they were kept. */
export interface OutputSet extends AsyncDisposable {
  /** The image first, then its parts. */
  readonly files: readonly OutputFile[]
  /** Each to the file that it names. */
  write(writes: Iterable<FileWrite>): Promise<void>
  /** Takes room in the files that the reservations name, before any data is written. */
  reserve(reservations: Iterable<Reservation>, signal?: AbortSignal): Promise<void>
  /** SHA-256 of ranges of the image in lower-case hexadecimal. */
  digests(ranges: readonly ByteRange[]): Promise<readonly string[]>
  /** Sets the sizes and keeps the files, the image last; gives the bytes of all. */
  keep(sizeOf: (file: number) => number, durability: Durability): Promise<number>
}

/** Bytes read back at a time. */
const readSize = 1024 * 1024

/** Creates the files, none of which may exist; throws as `createOutput` does. */
export async function createOutputs(
  image: string,
  parts: readonly string[],
  options: OutputOptions = {},
): Promise<OutputSet> {
  await using stack = new AsyncDisposableStack()
  const first = stack.use(await createOutput(image, options))
  const files = [first]
  for (const folder of new Set(parts.map((part) => dirname(part))))
    if (folder !== dirname(image)) stack.use(await createFolder(folder))
  for (const part of parts) files.push(stack.use(await createOutput(part, options)))
  const release = stack.move()
  return {
    files,
    async write(writes) {
      for (const write of writes) await fileOf(files, write.file).write([write])
    },
    async reserve(reservations, signal) {
      for (const reservation of reservations)
        await fileOf(files, reservation.file).reserve([reservation], signal)
    },
    async digests(ranges) {
      const found: string[] = []
      for (const range of ranges) found.push(await sha256Of(first, range))
      return found
    },
    async keep(sizeOf, durability) {
      let total = 0
      for (const [index, file] of [...files.entries()].toReversed()) {
        await file.keep(sizeOf(index), durability)
        total += sizeOf(index)
      }
      return total
    },
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  }
}

/** A folder of parts; removed again at disposal unless a part was kept in it. */
async function createFolder(folder: string): Promise<AsyncDisposable> {
  const made = await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw writeError(error, folder)
  })
  return {
    // The parts are gone before it; one that was kept holds it.
    async [Symbol.asyncDispose]() {
      if (made !== undefined) await rmdir(folder).catch(() => {})
    },
  }
}

const readAsync = promisify(read)

async function sha256Of({ fd, path }: OutputFile, { start, end }: ByteRange): Promise<string> {
  const { createHash } = await import('node:crypto')
  const hash = createHash('sha256')
  const buffer = Buffer.alloc(Math.min(readSize, end - start))
  for (let at = start; at < end;) {
    const wanted = buffer.subarray(0, Math.min(buffer.length, end - at))
    const bytesRead = await readAsync(fd, wanted, 0, wanted.length, at)
      .then((result) => result.bytesRead)
      .catch((error: unknown) => {
        throw writeError(error, path)
      })
    if (bytesRead === 0) throw new DiskError('input-output', { file: path, reason: 'it was cut short' })
    hash.update(wanted.subarray(0, bytesRead))
    at += bytesRead
  }
  return hash.digest('hex')
}
