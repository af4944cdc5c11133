import { isZero } from '../binary/zero-scan.ts'
import type { DiskReader } from '../disk/disk-reader.ts'
import { runsWithin, type RunList } from '../ranges/run-list.ts'
import type { Fate } from './give-back.ts'

export interface FateOptions {
  readonly signal?: AbortSignal
  /** Whether data are read, to find zeros; else all that is not free is kept. */
  readonly reads: boolean
  /** Bytes that are zeros or are not, as a whole. */
  readonly step: number
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

const pieceLength = 1024 * 1024

/** Goes through the data of a disk once, in rising order, and tells what becomes of each piece; gives the bytes of data. */
export async function tellFates(
  disk: DiskReader,
  free: RunList,
  { reads, step, signal, onProgress }: FateOptions,
  tell: (start: number, length: number, fate: Fate) => void,
): Promise<number> {
  const end = disk.virtualSize
  const buffer = new Uint8Array(reads ? pieceLength : 0)
  const readings = signal === undefined ? {} : { signal }
  let data = 0
  const tellData = async (start: number, stop: number) => {
    if (!reads) return tell(start, stop - start, 'kept')
    for (let at = start; at < stop;) {
      signal?.throwIfAborted()
      const length = Math.min(stop, (Math.floor(at / pieceLength) + 1) * pieceLength) - at
      const piece = buffer.subarray(0, length)
      await disk.readInto(piece, at, readings)
      for (let from = 0; from < length;) {
        const until = Math.min(length, (Math.floor((at + from) / step) + 1) * step - at)
        tell(at + from, until - from, isZero(piece, { start: from, end: until }) ? 'zeros' : 'kept')
        from = until
      }
      at += length
      onProgress?.(at, end)
    }
  }
  for await (const { start, length, content } of disk.extents({ start: 0, end }, readings)) {
    signal?.throwIfAborted()
    if (content !== 'data') continue
    data += length
    let at = start
    for (const run of runsWithin(free, { start, end: start + length })) {
      await tellData(at, run.start)
      tell(run.start, run.end - run.start, 'free')
      at = run.end
    }
    await tellData(at, start + length)
  }
  return data
}
