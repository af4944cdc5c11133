import { constants } from 'node:fs'
import { access, open, statfs, unlink, type FileHandle } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatBytes } from '@varve/core/units/format-bytes'
import { dataRuns } from '@varve/core/binary/zero-scan'
import type { PackedContent } from '@varve/core/image/image-files'
import { DiskError } from '@varve/core/problems/disk-error'
import { writeError } from '../system/system-error.ts'
import { maxUnpackedBytes, tooLarge, unpackSource } from './unpack-source.ts'
import { writeWhole } from '../files/whole.ts'

/** Runs of zeros of this many bytes stay holes. */
const holeSize = 4096
/** Bytes written between two looks at what is free. */
const spaceStep = 64 * 1024 ** 2
/** What stays free on the filesystem of temporary files: this many bytes, or this share of it if that is more. */
const reserve = { bytes: 256 * 1024 ** 2, share: 0.02 }
/** On Windows a file that is open cannot be removed: this flag of its C library has the system do it (`_O_TEMPORARY`). */
const windowsTemporary = 0x40

/** A temporary file without a name: it is gone when its descriptor is closed, however the program ends. */
export interface UnpackedFile {
  readonly handle: FileHandle
  readonly size: number
}

/** Unpacks into a new temporary file; when that fails, nothing is left. Throws as `unpackSource` does, and `no-space`. */
export async function unpackToFile(content: PackedContent, signal?: AbortSignal): Promise<UnpackedFile> {
  const { file, source, packing } = content
  const folder = await temporaryFolder()
  const handle = await openNameless(folder)
  try {
    const writer = new SparseWriter(handle, { folder, file: file.path })
    for await (const piece of unpackSource(source, packing, signal)) {
      signal?.throwIfAborted()
      await writer.write(piece)
    }
    return { handle, size: await writer.finish() }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Where large temporary files belong: what the system was told, else `/var/tmp`, since `/tmp` is often memory. */
async function temporaryFolder(): Promise<string> {
  const told = tmpdir()
  if (told !== '/tmp') return told
  return await access('/var/tmp', constants.W_OK).then(
    () => '/var/tmp',
    () => told,
  )
}

async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `varve-${randomUUID()}.unpacked`)
  const { O_RDWR, O_CREAT, O_EXCL } = constants
  const isWindows = process.platform === 'win32'
  try {
    const handle = await open(path, O_RDWR | O_CREAT | O_EXCL | (isWindows ? windowsTemporary : 0), 0o600)
    if (!isWindows) await unlink(path)
    return handle
  } catch (error) {
    throw writeError(error, path)
  }
}

interface WriterPlace {
  readonly folder: string
  /** The packed file, for messages. */
  readonly file: string
}

/** Appends to a file, leaving out zeros, and minds the room that is left. */
class SparseWriter {
  readonly #handle: FileHandle
  readonly #place: WriterPlace
  #size = 0
  #written = 0
  #checkAt = 0

  constructor(handle: FileHandle, place: WriterPlace) {
    this.#handle = handle
    this.#place = place
  }

  async write(piece: Uint8Array): Promise<void> {
    if (this.#size + piece.length > maxUnpackedBytes) throw tooLarge(this.#place.file)
    const runs = dataRuns(piece, holeSize)
    for (let index = 0; index + 1 < runs.length; index += 2) {
      const [start = 0, end = 0] = runs.slice(index, index + 2)
      await this.#put(piece.subarray(start, end), this.#size + start)
    }
    this.#size += piece.length
  }

  /** Sets the size, which may end in a hole, and returns it. */
  async finish(): Promise<number> {
    await this.#handle.truncate(this.#size).catch((error: unknown) => {
      throw writeError(error, this.#place.folder)
    })
    return this.#size
  }

  async #put(bytes: Uint8Array, at: number): Promise<void> {
    if (this.#written >= this.#checkAt) await this.#assertSpace()
    this.#written += bytes.length
    try {
      await writeWhole(this.#handle, bytes, at)
    } catch (error) {
      throw writeError(error, this.#place.folder)
    }
  }

  async #assertSpace(): Promise<void> {
    this.#checkAt = this.#written + spaceStep
    const { bavail, blocks, bsize } = await statfs(this.#place.folder)
    const wanted = Math.max(reserve.bytes, blocks * bsize * reserve.share) + spaceStep
    const available = bavail * bsize
    if (available >= wanted) return
    const { folder, file } = this.#place
    throw new DiskError('refused', {
      file,
      reason: `unpacking it would fill the filesystem of ${folder}, where ${formatBytes(available)} are left`,
      remedy: 'Free space there, name another folder by TMPDIR, or unpack the file yourself.',
    })
  }
}
