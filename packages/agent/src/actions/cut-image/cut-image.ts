import { cutDisk } from '@varve/engine/cutting/cut-disk'
import { assertTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'
import { assertNotUsed } from '../unused.ts'

/** A call that is repeated after a death finds the disk whole, written at its new end or cut. */
export const cutImage = nativeAdapter('cut-image', {
  calls:
    'pread(2) of tables, volumes and superblocks, pwrite(2) of the GPT at the new end, ftruncate(2), fsync(2)',

  async run({ work, size, name }, { ports }) {
    await assertTarget(ports, work)
    await assertNotUsed([work], ports)
    return await cutDisk(work, { size, name })
  },
})
