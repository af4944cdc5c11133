import { examineFolder } from '@varve/engine/doctor/examine-folder'
import { stagingRuns } from '../../runs/staging-runs.ts'
import { assertTarget } from '../inside-roots.ts'
import { runOptions } from '../run-options.ts'
import { nativeAdapter } from '../native.ts'

/** Looks through a folder of images. */
export const diagnoseFolder = nativeAdapter('diagnose-folder', {
  calls: 'readdir(3), open(2) and pread(2) of the headers of its images',

  async run({ folder, oldDays, digest }, context) {
    const { ports, signal } = context
    const { roots, runsFolder } = ports
    if (roots?.includes(folder) !== true) await assertTarget(ports, folder)
    const { images, looked, unseen, findings } = await examineFolder(folder, {
      roots,
      signal,
      oldDays,
      digest: digest ? runOptions(context) : null,
      // What a run of the fleet stages is known by the lock of its image.
      runOfStaging: runsFolder === undefined ? () => null : await stagingRuns(runsFolder),
    })
    const told = findings.map(({ command, wish, ...one }) => ({
      ...one,
      command: command && [...command],
      wish: wish && { operation: wish.operation, request: { ...wish.request } },
    }))
    return { folder, images: images.length, looked, unseen, findings: told }
  },
})
