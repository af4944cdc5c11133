import type { Diagnosis } from '@varve/engine/doctor/diagnosis'
import { examineFolder } from '@varve/engine/doctor/examine-folder'
import type { WindowsHost } from '../../platform/windows-host.ts'
import { stagingRuns } from '../../runs/staging-runs.ts'
import { machineFindings } from './machine-findings.ts'
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
    const ofMachines = await toldByMachines(ports.windowsHost, { folder, images })
    const told = [...findings, ...ofMachines.findings].map(({ command, wish, ...one }) => ({
      ...one,
      command: command && [...command],
      wish: wish && { operation: wish.operation, request: { ...wish.request } },
    }))
    return { folder, images: images.length, looked, unseen: unseen ?? ofMachines.unseen, findings: told }
  },
})

/** What Hyper-V says of the images, where there is one; that it does not answer keeps nobody from the rest. */
async function toldByMachines(
  windows: WindowsHost | undefined,
  looking: Parameters<typeof machineFindings>[1],
): Promise<{ readonly findings: readonly Diagnosis[]; readonly unseen: string | null }> {
  if (!windows) return { findings: [], unseen: null }
  try {
    return { findings: await machineFindings(windows, looking), unseen: null }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { findings: [], unseen: `Hyper-V was not asked which machines have the images: ${reason}` }
  }
}
