import { Manifest, chunkLength, chunkSize } from '@varve/core/digest/disk-digest'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import { guarded, guardFiles } from '../in-use/guard-files.ts'
import { hexRoot } from '../run/collect-leaves.ts'
import { openInput } from '../run/open-input.ts'
import { leafOf } from '../run/read-with-leaf.ts'
import type { InUse } from '../run/run-options.ts'
import { surveyDisk } from '../run/survey-disk.ts'
import { chunkStates, type DiskInput } from '../run/requests.ts'

export interface SendOptions {
  readonly signal: AbortSignal
  readonly inUse: InUse
  readonly onProgress: (done: number, total: number) => void
  /** Resolves when the bytes are taken; they are good until then. */
  readonly write: (bytes: Uint8Array) => Promise<void>
}

/** Sends the disk `input` from its first to its last byte, one chunk being read while the one before is taken. */
export async function sendDisk(input: DiskInput, { signal, inUse, onProgress, write }: SendOptions) {
  await using opened = await openInput(input, { io: 'async', signal })
  const { disk, files } = opened
  const { virtualSize } = disk
  using guard = await guardFiles(files, { signal, inUse })
  const manifest = new Manifest(virtualSize)
  const states = new Uint8Array(manifest.chunks)
  const { dataBytes } = await surveyDisk(disk, states, guarded(guard))
  const buffers = [new Uint8Array(chunkSize), new Uint8Array(chunkSize)] as const
  let taken: Promise<void> = Promise.resolve()
  for (let index = 0; index < manifest.chunks; index += 1) {
    guard.signal?.throwIfAborted()
    const bytes = (index % 2 === 0 ? buffers[0] : buffers[1]).subarray(0, chunkLength(virtualSize, index))
    if (states[index] === chunkStates.waiting) {
      await disk.readInto(bytes, index * chunkSize, guarded(guard))
      const leaf = leafOf(bytes)
      if (leaf) manifest.setLeaf(index, leaf)
    } else bytes.fill(0)
    await taken
    taken = write(bytes)
    // Its failure is thrown with the next chunk; until then it must not count as unhandled.
    taken.catch(() => {})
    onProgress(index * chunkSize + bytes.length, virtualSize)
  }
  await taken
  await assertUnchanged(files)
  await guard.assertNone()
  return { virtualSize, dataBytes, digest: hexRoot(manifest) }
}
