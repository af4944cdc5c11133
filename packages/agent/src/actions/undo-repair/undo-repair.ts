import { lstat } from 'node:fs/promises'
import { undoRepair as undo } from '@varve/engine/images/repair-file'
import { assertTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'

/** Puts back what a repair overwrote. */
export const undoRepair = nativeAdapter('undo-repair', {
  calls: 'pread(2) of what the repair wrote, pwrite(2) of what was there before, fsync(2)',

  async run({ path, backup }, { ports }) {
    await assertTarget(ports, backup)
    await assertTarget(ports, path)
    // Without an undo file nothing was overwritten.
    const isBegun = await lstat(backup).catch(() => null)
    if (isBegun) await undo(path, backup, { roots: ports.roots })
    return {}
  },
})
