import { type Extent, mergeExtentStream } from '@varve/core/ranges/extent'
import { DiskError } from '@varve/core/problems/disk-error'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import { guardFiles } from '../in-use/guard-files.ts'
import type { DiskInput } from '../run/requests.ts'
import type { RunOptions } from '../run/run-options.ts'
import { inputName, openInput } from '../run/open-input.ts'

/** What each part of the disk `input` holds, over its whole chain, neighbours joined. */
export async function* mapDisk(
  input: DiskInput,
  { signal, inUse }: Pick<RunOptions, 'signal' | 'inUse'> = {},
): AsyncGenerator<Extent> {
  const io = { io: 'async' as const, ...(signal ? { signal } : {}) }
  try {
    signal?.throwIfAborted()
    await using opened = await openInput(input, io)
    const { disk, files } = opened
    using guard = await guardFiles(files, { signal, inUse })
    for await (const extent of mergeExtentStream(disk.extents({ start: 0, end: disk.virtualSize }, io))) {
      guard.signal?.throwIfAborted()
      yield extent
    }
    await assertUnchanged(files)
    await guard.assertNone()
  } catch (error) {
    if (!signal?.aborted) throw error
    throw new DiskError('canceled', { file: inputName(input), what: 'the map' }, { cause: error })
  }
}
