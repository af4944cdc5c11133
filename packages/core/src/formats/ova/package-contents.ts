import { DiskError } from '../../problems/disk-error.ts'
import { readRange } from '../../binary/byte-source.ts'
import { looksLikeOvf } from '../../image/detect-format.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { oncePerFile } from '../../image/once-per-file.ts'
import { maxXmlBytes } from '../../text/xml.ts'
import { parseManifest, type ManifestLine } from './manifest.ts'
import { parseOvf, type OvfEnvelope } from './ovf.ts'
import { archiveFiles, folderFiles, readSmallFile, type PackageFiles } from './package-files.ts'

/** Bytes of a manifest, at most. */
const maxManifestBytes = 1024 * 1024

/** What a package says about itself, before any of its disks is opened. */
export interface OvaContents {
  readonly files: PackageFiles
  readonly envelope: OvfEnvelope
  /** Null: there is none; `unreadable`: there is one that cannot be understood. */
  readonly manifest: readonly ManifestLine[] | 'unreadable' | null
  readonly hasCertificate: boolean
}

/** What an OVA holds, or the files beside an unpacked description; throws a coded error for what is broken. */
export const readOva = oncePerFile(readPackage)

async function readPackage(file: ImageFile, ports: ImagePorts): Promise<OvaContents> {
  const head = await readRange(
    file.source,
    { start: 0, end: Math.min(4096, file.source.size) },
    'start of the file',
  )
  const isFolder = looksLikeOvf(head) || file.path.toLowerCase().endsWith('.ovf')
  const files = isFolder ? await folderFiles(file, ports) : await archiveFiles(file, ports)
  const bytes = await readSmallFile(files.files, files.description.path, maxXmlBytes)
  const envelope = parseOvf(bytes, file.path)
  if (envelope.disks.length === 0)
    throw new DiskError('refused', {
      file: file.path,
      reason: 'its OVF description names no disk',
      remedy: 'Export the machine again.',
    })
  const manifest = files.beside('.mf')
  return {
    files,
    envelope,
    manifest: manifest ? await readManifest(files, manifest.path) : null,
    hasCertificate: files.beside('.cert') !== null,
  }
}

async function readManifest({ files }: PackageFiles, path: string): Promise<OvaContents['manifest']> {
  const bytes = await readSmallFile(files, path, maxManifestBytes)
  return parseManifest(new TextDecoder().decode(bytes)) ?? 'unreadable'
}
