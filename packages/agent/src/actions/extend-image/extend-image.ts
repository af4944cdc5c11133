import { open } from 'node:fs/promises'
import { DiskError } from '@varve/core/problems/disk-error'
import { readError, writeError } from '@varve/engine/system/system-error'
import { assertTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'

export const extendImage = nativeAdapter('extend-image', {
  calls: 'ftruncate(2) of the hidden file, fsync(2)',

  async run({ work, size }, { ports }) {
    await assertTarget(ports, work)
    const file = await open(work, 'r+').catch((error: unknown) => {
      throw readError(error, work)
    })
    await using closing = { [Symbol.asyncDispose]: async () => file.close() }
    void closing
    const before = await file.stat()
    if (!before.isFile() || before.size > size)
      throw new DiskError('refused', {
        file: work,
        reason: `it is no file that could be made ${size} bytes long without losing any of it`,
        remedy: 'Start again: the original is as it was.',
      })
    try {
      await file.truncate(size)
      await file.sync()
    } catch (error) {
      throw writeError(error, work)
    }
    return { size }
  },
})
