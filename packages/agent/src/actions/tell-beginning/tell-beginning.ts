import { tellBeginning as tell } from '@varve/engine/moving/tell-beginning'
import { assertTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'
import { assertNotUsed } from '../unused.ts'

export const tellBeginning = nativeAdapter('tell-beginning', {
  calls: 'pread(2) and pwrite(2) of boot sectors, fsync(2)',

  async run({ work, from, to, length, sectorSize }, { ports }) {
    await assertTarget(ports, work)
    await assertNotUsed([work], ports)
    return await tell(work, { from, to, length, sectorSize })
  },
})
