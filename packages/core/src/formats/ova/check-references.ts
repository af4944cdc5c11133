import { isDiskError } from '../../problems/disk-error.ts'
import type { FindingList } from '../../image/check-report.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { nameOf } from '../../image/folder-of.ts'
import { folderIn } from './member-names.ts'
import type { OvfFile } from './ovf.ts'
import type { OvaContents } from './package-contents.ts'
import type { FoundFile } from './package-files.ts'

/** A package while it is checked. */
export interface CheckedPackage extends OvaContents {
  readonly image: ImageFile
  readonly ports: ImagePorts
  readonly findings: FindingList
}

const remedy = 'Export the machine again; other programs refuse such a package, or import something else.'
const orderRemedy =
  'Varve reads it as it is. For a program that refuses it, pack it again with tar: the .ovf first, then the .mf, then the files in the order of the description.'

/** What the description says about its files against what is there. */
export async function checkReferences(found: CheckedPackage): Promise<void> {
  checkOrder(found)
  const referenced = await checkFiles(found)
  checkIds(found)
  checkStrangers(found, referenced)
}

function checkOrder({ files, findings }: CheckedPackage): void {
  if (files.kind !== 'archive') return
  const { names, description } = files
  if (names[0] !== description.name) {
    const message = `The description ${JSON.stringify(description.name)} is not the first file of the archive: ${JSON.stringify(names[0])} is.`
    findings.add('remark', { id: 'ova-ovf-not-first', message, remedy: orderRemedy })
  }
  if (folderIn(description.name) !== '') {
    const message = `The description lies in a folder of the archive: ${JSON.stringify(description.name)}.`
    findings.add('remark', { id: 'ova-ovf-in-folder', message, remedy: orderRemedy })
  }
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) {
      const message = `The archive holds ${JSON.stringify(name)} more than once; the first one is read, tar would leave the last.`
      findings.add('corruption', { id: 'ova-member-twice', message, remedy, ...placeOf(files.startOf(name)) })
    }
    seen.add(name)
  }
}

/** Every file of the description: whether it is there, and of the size that it says. The names that were found. */
async function checkFiles({ envelope, files, findings }: CheckedPackage): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for (const file of envelope.files) {
    if (/^https?:/iu.test(file.href)) {
      const message = `${JSON.stringify(file.href)} lies outside the package and was not looked at.`
      findings.add('remark', {
        id: 'ova-file-outside',
        message,
        remedy: 'Fetch it and keep it with the package.',
      })
      continue
    }
    const parts = await partsOf(file, files)
    for (const { name } of parts) names.add(name)
    if (parts.length === 0) {
      // A disk whose file is missing is said when the disk is opened.
      if (envelope.disks.some((disk) => disk.file === file)) continue
      const message = `The description refers to ${JSON.stringify(file.href)}, which is not in the package.`
      findings.add('corruption', { id: 'ova-member-missing', message, remedy })
      continue
    }
    const size = await sizeOf(parts, files)
    if (file.size === null || size === null || size === file.size) continue
    const message = `The description says that ${JSON.stringify(file.href)} has ${file.size} bytes, but it has ${size}.`
    findings.add('corruption', {
      id: 'ova-size-differs',
      message,
      remedy,
      ...placeOf(files.startOf(parts[0]?.name ?? '')),
    })
  }
  return names
}

async function partsOf(
  { href, chunkSize }: OvfFile,
  files: OvaContents['files'],
): Promise<readonly FoundFile[]> {
  const parts: FoundFile[] = []
  for (;;) {
    const name = chunkSize === null ? href : `${href}.${String(parts.length).padStart(9, '0')}`
    const part = await files.find(name)
    if (part) parts.push(part)
    if (!part || chunkSize === null || parts.length >= 1000) return parts
  }
}

async function sizeOf(parts: readonly FoundFile[], { files }: OvaContents['files']): Promise<number | null> {
  let size = 0
  for (const { path } of parts) {
    try {
      await using opened = await files.open(path)
      size += opened.source.size
    } catch (error) {
      if (!isDiskError(error)) throw error
      return null
    }
  }
  return size
}

/** Ids that refer to nothing: of disks to files, of the hardware to disks and files. */
function checkIds({ envelope, findings }: CheckedPackage): void {
  const broken = (message: string) =>
    findings.add('corruption', { id: 'ova-reference-broken', message, remedy })
  for (const { diskId, fileRef, file } of envelope.disks) {
    if (fileRef !== null && !file)
      broken(
        `The disk ${JSON.stringify(diskId)} refers to the file ${JSON.stringify(fileRef)}, which the description does not list.`,
      )
  }
  const known = {
    disk: new Set(envelope.disks.map(({ diskId }) => diskId)),
    file: new Set(envelope.files.map(({ id }) => id)),
  }
  for (const { kind, id } of envelope.hardware) {
    if (!known[kind].has(id))
      broken(`The hardware refers to the ${kind} ${JSON.stringify(id)}, which the description does not list.`)
  }
}

/** Files of the archive that the description does not know. */
function checkStrangers({ files, findings }: CheckedPackage, referenced: ReadonlySet<string>): void {
  if (files.kind !== 'archive') return
  const own = /\.(?:ovf|mf|cert)$/iu
  for (const name of files.names) {
    if (/\.ovf$/iu.test(name) && name !== files.description.name && !nameOf(name).startsWith('._')) {
      const message = `The archive holds another description, ${JSON.stringify(name)}; read is ${JSON.stringify(files.description.name)}.`
      findings.add('remark', {
        id: 'ova-several-descriptions',
        message,
        remedy,
        ...placeOf(files.startOf(name)),
      })
    }
    if (referenced.has(name) || own.test(name)) continue
    const message = `The archive holds ${JSON.stringify(name)}, which its description does not mention: an import leaves it behind.`
    findings.add('remark', { id: 'ova-member-unmentioned', message, remedy, ...placeOf(files.startOf(name)) })
  }
}

export function placeOf(offset: number | null): { readonly offset?: number } {
  return offset === null ? {} : { offset }
}
