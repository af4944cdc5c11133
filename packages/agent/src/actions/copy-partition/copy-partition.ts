import { copyRange } from '@varve/engine/moving/copy-range'
import { assertTarget } from '../inside-roots.ts'
import { imageInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'
import { assertNotUsed } from '../unused.ts'

export const copyPartition = nativeAdapter('copy-partition', {
  calls: 'pread(2) of the image, pwrite(2) of the hidden file, fsync(2), pread(2) of both',

  async run({ source, work, start, length, to }, { ports, signal, onProgress }) {
    await assertTarget(ports, work)
    await assertNotUsed([work], ports)
    const copy = { input: imageInput(source, ports), work, start, length, to }
    await copyRange(copy, {
      signal,
      onProgress: (done, total) =>
        onProgress({ of: 'tool', progress: { fraction: total === 0 ? 1 : done / total } }),
    })
    return { bytes: length }
  },
})
