import { isDiskError } from '../../problems/disk-error.ts'
import { problemFromError } from '../../problems/problem.ts'
import type { CheckOptions, CheckReport, FindingList } from '../../image/check-report.ts'
import { guardedCheck } from '../../image/guarded-check.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import type { NestedImages } from '../../image/nested-images.ts'
import { choicesForParents } from '../../image/reading-choices.ts'
import { compareDigests } from './check-manifest.ts'
import { checkReferences, type CheckedPackage } from './check-references.ts'
import type { OvfDisk } from './ovf.ts'
import { readOva } from './package-contents.ts'
import { chooseDisk, packageDisk } from './package-disks.ts'

interface PackageFile {
  readonly file: ImageFile
  readonly ports: ImagePorts
  readonly images: NestedImages
}

/**
 * The archive against its description (order, references, sizes, capacities), the tables of every disk or of the one that
 * is meant, and every file against the digest that the manifest gives (DSP0243 clauses 5.3, 6.4, 7.1 and 9.1).
 */
export async function checkOva(
  { file, ports, images }: PackageFile,
  options: CheckOptions = {},
): Promise<CheckReport> {
  return await guardedCheck({ file: file.path, format: 'ova' }, async (findings) => {
    const contents = await readOva(file, ports)
    const found: CheckedPackage = { ...contents, image: file, ports, findings }
    const wanted = options.choices?.disk
    const disks =
      wanted === undefined
        ? contents.envelope.disks
        : [chooseDisk(contents.envelope.disks, wanted, file.path)]
    await checkReferences(found)
    const checked = new Set(['archive', 'description'])
    let allocatedBytes: number | null = 0
    let leakedBytes = 0
    let isComplete = true
    for (const disk of disks) {
      const report = await checkDisk({ ...found, images }, disk, options)
      if (!report) continue
      findings.adoptReport(report)
      for (const each of report.checked) checked.add(each)
      const allocated = report.totals.allocatedBytes
      allocatedBytes = allocatedBytes === null || allocated === null ? null : allocatedBytes + allocated
      leakedBytes += report.totals.leakedBytes
      isComplete &&= report.isComplete
    }
    if (await compareDigests(found, options)) checked.add('digests of the manifest')
    return { checked: [...checked], allocatedBytes, leakedBytes, isComplete }
  })
}

/** The tables of one disk, and its size against the description; null for one that has none, or cannot be opened. */
async function checkDisk(
  { files, image, ports, findings, images }: CheckedPackage & Pick<PackageFile, 'images'>,
  disk: OvfDisk,
  options: CheckOptions,
): Promise<CheckReport | null> {
  if (!disk.file) return null
  try {
    const packed = await packageDisk({ image, files, ports }, disk, disk.file)
    await using _ = packed.opened
    for (const problem of packed.problems) findings.adopt('remark', problem)
    const choices = choicesForParents(options.choices ?? {})
    const { report, chain } = await images.check(packed.path, packed.ports, {
      ...options,
      format: packed.format,
      choices,
    })
    checkCapacity(findings, disk, chain[0]?.virtualSize ?? null)
    return report
  } catch (error) {
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    findings.adopt('corruption', problemFromError(error))
    return null
  }
}

function checkCapacity(findings: FindingList, disk: OvfDisk, virtualSize: number | null): void {
  const { capacity, capacityText, diskId, number, isDisc } = disk
  const name = `disk${number} (${diskId})`
  const remedy = 'Compare both with the machine that it was exported from, and export it again.'
  if (virtualSize === null || isDisc || capacity === virtualSize) return
  if (capacity === null) {
    if (capacityText.includes('$') || capacityText === '') return
    const message = `The capacity of ${name}, ${JSON.stringify(capacityText)}, cannot be understood.`
    findings.add('remark', { id: 'ova-capacity-unclear', message, remedy })
    return
  }
  const message = `The description says that ${name} has ${capacity} bytes, but its image is a disk of ${virtualSize} bytes.`
  findings.add('corruption', { id: 'ova-capacity-differs', message, remedy })
}
