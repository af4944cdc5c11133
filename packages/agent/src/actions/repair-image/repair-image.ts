import { repairFile } from '@varve/engine/images/repair-file'
import { assertTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'

/** Overwrites what is wrong, after every byte of it is in the undo file; goes on with what was cut off. */
export const repairImage = nativeAdapter('repair-image', {
  calls: 'writes and flushes the undo file, then pwrite(2) into the image and fsync(2)',

  async run({ image: { path, format, reading }, backup, fixes }, { ports, signal }) {
    await assertTarget(ports, backup)
    await assertTarget(ports, path)
    const choices = { ...reading, rescue: false }
    const options = { roots: ports.roots, format, choices, signal, backup, expected: fixes, mayResume: true }
    const outcome = await repairFile(path, options)
    return { fixes: [...outcome.fixes] }
  },
})
