import { isDiskError } from '../../problems/disk-error.ts'
import { problemFromError } from '../../problems/problem.ts'
import type { CheckOptions, CheckReport, FindingList } from '../../image/check-report.ts'
import { guardedCheck } from '../../image/guarded-check.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import type { NestedImages } from '../../image/nested-images.ts'
import { choicesForParents } from '../../image/reading-choices.ts'
import { chooseDrive, storedDrives, type StoredDrive } from './choose-drive.ts'
import { pathOfDrive } from './drive-path.ts'
import type { MachineFormat } from './machine-description.ts'

interface CheckedMachine {
  readonly file: ImageFile
  readonly ports: ImagePorts
  readonly images: NestedImages
  readonly machineFormat: MachineFormat
}

/** The definition, that every image it names is there, and the tables of each disk or of the one that is meant. */
export async function checkMachine(
  machine: CheckedMachine,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const { file, ports, machineFormat } = machine
  return await guardedCheck({ file: file.path, format: machineFormat.format }, async (findings) => {
    const description = await machineFormat.read(file, ports)
    for (const problem of description.problems) findings.adopt('remark', problem)
    const wanted = options.choices?.disk
    const drives =
      wanted === undefined
        ? storedDrives(description).filter(({ kind }) => kind === 'disk')
        : [chooseDrive(description, wanted, file.path)]
    const checked = new Set(['definition of the machine'])
    let allocatedBytes: number | null = 0
    let leakedBytes = 0
    let isComplete = true
    for (const drive of drives) {
      const report = await checkDrive({ ...machine, findings }, drive, options)
      if (report === null) {
        isComplete = false
        continue
      }
      findings.adoptReport(report)
      for (const each of report.checked) checked.add(each)
      const allocated = report.totals.allocatedBytes
      allocatedBytes = allocatedBytes === null || allocated === null ? null : allocatedBytes + allocated
      leakedBytes += report.totals.leakedBytes
      isComplete &&= report.isComplete
    }
    return { checked: [...checked], allocatedBytes, leakedBytes, isComplete }
  })
}

/** Null for one that cannot be opened. */
async function checkDrive(
  { file, ports, images, findings }: CheckedMachine & { readonly findings: FindingList },
  drive: StoredDrive,
  options: CheckOptions,
): Promise<CheckReport | null> {
  try {
    const path = await pathOfDrive(file, ports, drive)
    const choices = choicesForParents(options.choices ?? {})
    const { report } = await images.check(path, ports, { ...options, format: null, choices })
    return report
  } catch (error) {
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    findings.adopt('corruption', problemFromError(error))
    return null
  }
}
