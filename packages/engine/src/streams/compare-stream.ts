import { isZero } from '@varve/core/binary/zero-scan'
import { chunkSize } from '@varve/core/digest/disk-digest'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import { guarded, guardFiles } from '../in-use/guard-files.ts'
import type { CompareOutcome, DiskInput } from '../run/requests.ts'
import { openInput } from '../run/open-input.ts'
import type { InUse } from '../run/run-options.ts'
import type { StreamOptions } from './digest-stream.ts'
import { streamChunks, type ByteStream } from './stream-chunks.ts'

type Compared = Omit<CompareOutcome, 'zeroed'>

/** Whether a stream holds the disk `input`; it is read to its end, so that its size is known. `sizes`: that of the stream first. */
export async function compareStream(
  stream: ByteStream,
  input: DiskInput,
  { signal, onProgress, inUse }: StreamOptions & { readonly inUse: InUse },
): Promise<Compared> {
  await using opened = await openInput(input, { io: 'async', signal })
  const { disk, files } = opened
  using guard = await guardFiles(files, { signal, inUse })
  const held = new Uint8Array(chunkSize)
  let [size, difference] = [0, null as number | null]
  let isTailZero = true
  for await (const { start, bytes } of streamChunks(stream, guard.signal ?? signal)) {
    size = start + bytes.length
    const common = Math.max(0, Math.min(bytes.length, disk.virtualSize - start))
    isTailZero &&= isZero(bytes.subarray(common))
    onProgress?.(size)
    if (difference !== null || common === 0) continue
    const here = held.subarray(0, common)
    await disk.readInto(here, start, guarded(guard))
    if (Buffer.compare(here, bytes.subarray(0, common)) !== 0)
      difference = start + here.findIndex((byte, at) => byte !== bytes[at])
  }
  const sizes = [size, disk.virtualSize] as const
  const isTail = difference === null && sizes[0] !== sizes[1]
  if (isTail && size < disk.virtualSize) isTailZero = await isZeroFrom(opened.disk, size, guarded(guard))
  await assertUnchanged(files)
  await guard.assertNone()
  const firstDifference = difference ?? (isTail ? Math.min(...sizes) : null)
  return {
    identical: firstDifference === null,
    sizes,
    firstDifference,
    tail: isTail ? (isTailZero ? 'zeros' : 'data') : null,
  }
}

async function isZeroFrom(
  disk: Awaited<ReturnType<typeof openInput>>['disk'],
  start: number,
  options: { readonly signal?: AbortSignal },
): Promise<boolean> {
  const buffer = new Uint8Array(chunkSize)
  for await (const extent of disk.extents({ start, end: disk.virtualSize }, options)) {
    if (extent.content !== 'data') continue
    const end = extent.start + extent.length
    for (let at = extent.start; at < end; at += chunkSize) {
      const bytes = buffer.subarray(0, end - at)
      await disk.readInto(bytes, at, options)
      if (!isZero(bytes)) return false
    }
  }
  return true
}
