import type { Diagnosis } from '@varve/engine/doctor/diagnosis'
import { examineFolder } from '@varve/engine/doctor/examine-folder'
import type { WindowsHost } from '../../platform/windows-host.ts'
import { stagingRuns } from '../../runs/staging-runs.ts'
import { distributionFindings } from './distribution-findings.ts'
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
    const ofWindows = await toldByWindows(ports.windowsHost, { folder, images })
    const told = [...findings, ...ofWindows.findings].map(({ command, wish, ...one }) => ({
      ...one,
      command: command && [...command],
      wish: wish && { operation: wish.operation, request: { ...wish.request } },
    }))
    return { folder, images: images.length, looked, unseen: unseen ?? ofWindows.unseen, findings: told }
  },
})

interface Told {
  readonly findings: readonly Diagnosis[]
  readonly unseen: string | null
}

/** What Hyper-V and WSL say of the images, where they are; that one does not answer keeps nobody from the rest. */
async function toldByWindows(
  windows: WindowsHost | undefined,
  looking: Parameters<typeof machineFindings>[1],
): Promise<Told> {
  if (!windows) return { findings: [], unseen: null }
  const [ofMachines, ofWsl] = await Promise.all([
    toldBy('Hyper-V was not asked which machines have the images', machineFindings(windows, looking)),
    toldBy('WSL was not asked which distributions have the images', distributionFindings(windows, looking)),
  ])
  return {
    findings: [...ofMachines.findings, ...ofWsl.findings],
    unseen: ofMachines.unseen ?? ofWsl.unseen,
  }
}

async function toldBy(unless: string, asked: Promise<readonly Diagnosis[]>): Promise<Told> {
  try {
    return { findings: await asked, unseen: null }
  } catch (error) {
    return { findings: [], unseen: `${unless}: ${error instanceof Error ? error.message : String(error)}` }
  }
}
