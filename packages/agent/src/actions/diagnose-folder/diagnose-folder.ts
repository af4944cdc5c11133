import { diagnose } from '@varve/engine/doctor/diagnose'
import { findDuplicates } from '@varve/engine/doctor/find-duplicates'
import { assertTarget } from '../inside-roots.ts'
import { runOptions } from '../run-options.ts'
import { nativeAdapter } from '../native.ts'

/** Looks through a folder of images. */
export const diagnoseFolder = nativeAdapter('diagnose-folder', {
  calls: 'readdir(3), open(2) and pread(2) of the headers of its images',

  async run({ folder, oldDays, digest }, context) {
    const { ports, signal } = context
    const { roots } = ports
    if (roots?.includes(folder) !== true) await assertTarget(ports, folder)
    const { images, looked, unseen, findings } = await diagnose(folder, { roots, signal, oldDays })
    const same = digest ? await findDuplicates(images, { ...runOptions(context), roots }) : []
    // Who has read them knows.
    const told = findings.filter(({ id }) => !digest || id !== 'maybe-duplicate')
    const all = [...told, ...same].map(({ command, wish, ...one }) => ({
      ...one,
      command: command && [...command],
      wish: wish && { operation: wish.operation, request: { ...wish.request } },
    }))
    return { folder, images: images.length, looked, unseen, findings: all }
  },
})
