import { DiskError } from '../../problems/disk-error.ts'
import { problemFromError } from '../../problems/problem.ts'
import type { Problem } from '../../problems/problem.ts'
import type { FormatName } from '../../image/format-rules.ts'
import type { InternalSnapshot, ParentReference } from '../../image/image-facts.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { oncePerFile } from '../../image/once-per-file.ts'
import { hasFeature, incompatibleFeatures } from './feature-bits.ts'
import { readHeader } from './header.ts'
import type { Qcow2Header } from './header.ts'
import { readBackingName, readHeaderExtensions } from './header-extensions.ts'
import type { HeaderExtensions } from './header-extensions.ts'
import { findHeaderFaults } from './header-faults.ts'
import { readSnapshots } from './snapshots.ts'

/** All that an image says about itself outside its L1 and L2 tables. */
export interface Qcow2Metadata {
  readonly header: Qcow2Header | null
  readonly extensions: HeaderExtensions | null
  readonly parent: ParentReference | null
  readonly snapshots: readonly InternalSnapshot[]
  /** For the first of these the image must not be opened. */
  readonly faults: readonly DiskError[]
  /** Findings with which it can be read. */
  readonly warnings: readonly Problem[]
}

/** Reads what can be read and collects what is wrong; throws only `input-output`. */
export const readMetadata = oncePerFile(readAll)

async function readAll({ path, source }: Pick<ImageFile, 'path' | 'source'>): Promise<Qcow2Metadata> {
  const faults: DiskError[] = []
  const attempt = async <T>(read: () => Promise<T>): Promise<T | null> => {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof DiskError) || error.code === 'input-output') throw error
      faults.push(error)
      return null
    }
  }
  const header = await attempt(async () => await readHeader(source, path))
  if (!header) return { header, extensions: null, parent: null, snapshots: [], faults, warnings: [] }
  const extensions = await attempt(async () => await readHeaderExtensions(source, header, path))
  const headerFaults = findHeaderFaults({ file: path, source, header, extensions })
  const backingName = await attempt(async () => await readBackingName(source, header, path))
  const snapshots = (await attempt(async () => await readSnapshots(source, header, path))) ?? []
  const parent = await attempt(async () => toParent(backingName, extensions?.backingFormat ?? null, path))
  return {
    header,
    extensions,
    parent,
    snapshots,
    faults: [...headerFaults, ...faults],
    warnings: warningsOf(header, path),
  }
}

/** QEMU's names of block drivers, as a backing format extension holds them. */
const formatOfDriver: Readonly<Record<string, FormatName>> = {
  raw: 'raw',
  file: 'raw',
  host_device: 'raw',
  qcow2: 'qcow2',
  qcow: 'qcow',
  qed: 'qed',
  vmdk: 'vmdk',
  vpc: 'vhd',
  vhdx: 'vhdx',
  vdi: 'vdi',
  parallels: 'parallels',
  dmg: 'udif',
  cloop: 'cloop',
  bochs: 'bochs',
}

function toParent(name: string | null, driver: string | null, file: string): ParentReference | null {
  if (name === null) return null
  const format = driver ? (Object.hasOwn(formatOfDriver, driver) ? formatOfDriver[driver] : undefined) : null
  if (format === undefined) {
    throw new DiskError('unsupported-feature', {
      file,
      format: 'qcow2',
      feature: `a backing file of format ${JSON.stringify(driver)}`,
    })
  }
  return { names: [name], format, identity: null }
}

function warningsOf(header: Qcow2Header, file: string): Problem[] {
  const warnings: Problem[] = []
  const common = { severity: 'warn', layer: 'L2', file, offset: 72 } as const
  if (hasFeature(header.incompatible, incompatibleFeatures.dirty)) {
    warnings.push({
      ...common,
      id: 'qcow2-dirty',
      message: 'it was not closed cleanly: its reference counts may be wrong; its data can be read',
      remedy: 'Before anything writes to it, repair a copy with: qemu-img check -r all',
    })
  }
  if (hasFeature(header.incompatible, incompatibleFeatures.corrupt)) {
    warnings.push({
      ...common,
      id: 'qcow2-corrupt',
      message: 'QEMU marked it as corrupt: what is read may not be what the guest wrote',
      remedy: 'Repair a copy with: qemu-img check -r all, or restore it from a backup.',
    })
  }
  return warnings
}

/** The faults and warnings as problems for people. */
export function problemsOf({ faults, warnings }: Pick<Qcow2Metadata, 'faults' | 'warnings'>): Problem[] {
  return [...faults.map((fault) => problemFromError(fault)), ...warnings]
}
