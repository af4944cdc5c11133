import { openChain, type OpenChain } from '../chain/open-chain.ts'
import type { FormatName } from '../image/format-rules.ts'
import type { ImagePorts } from '../image/image-files.ts'
import { DiskError } from '../problems/disk-error.ts'
import { bytesInRuns, type RunList } from '../ranges/run-list.ts'
import { readFreeSpace } from '../scan/free-space.ts'
import { heldBy } from '../scan/held-free.ts'
import type { Holdings } from './survey-reclaim.ts'

/** What an image that was written anew takes against the one whose place it is to take. */
export interface Weighed {
  readonly before: Holdings
  readonly after: Holdings
  /** L6: free blocks that it no longer holds as data. */
  readonly free: number
  /** L3: zeros that it no longer holds as data. */
  readonly zeros: number
}

export interface WeighedImage {
  readonly path: string
  readonly format: FormatName | null
}

/**
 * Compares both, block by block where filesystems say what is free. Throws `corrupt` unless the filesystems in both call the
 * same blocks free: with equal digests of what they do not call free, nothing that is in use differs.
 */
export async function weighReclaimed(
  original: WeighedImage,
  anew: WeighedImage,
  ports: ImagePorts,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Weighed> {
  const options = signal === undefined ? {} : { signal }
  await using first = await openChain(original.path, ports, { format: original.format, ...options })
  await using second = await openChain(anew.path, ports, { format: anew.format, ...options })
  const [before, after] = [await holdingsOf(first, options), await holdingsOf(second, options)]
  if (!areEqual(before.free, after.free))
    throw new DiskError('corrupt', {
      file: original.path,
      structure: 'the image written anew',
      reason: 'its filesystems do not call the same blocks free as those of the original',
    })
  const free = before.heldFree - after.heldFree
  const { holdings: was } = before
  const { holdings: is } = after
  return { before: was, after: is, free, zeros: Math.max(0, was.data - is.data - free) }
}

interface Held {
  readonly holdings: Holdings
  readonly free: RunList
  readonly heldFree: number
}

async function holdingsOf({ disk, own, links }: OpenChain, options: { signal?: AbortSignal }): Promise<Held> {
  const { free } = await readFreeSpace(disk, options)
  const holder = own ?? disk
  let data = 0
  for await (const { length, content } of holder.extents({ start: 0, end: holder.virtualSize }, options)) {
    options.signal?.throwIfAborted()
    if (content === 'data') data += length
  }
  const [link] = links
  return {
    holdings: { data, file: link?.fileSize ?? 0, host: link?.allocated ?? null },
    free,
    heldFree: bytesInRuns(await heldBy(holder, free, options)),
  }
}

function areEqual(a: RunList, b: RunList): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index])
}
