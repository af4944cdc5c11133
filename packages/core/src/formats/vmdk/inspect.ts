import { isDiskError } from '../../problems/disk-error.ts'
import { problemFromError, type Problem } from '../../problems/problem.ts'
import type { ImageFacts } from '../../image/image-facts.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import type { ReadingChoices } from '../../image/reading-choices.ts'
import { parentOf, readVmdkMetadata, refusalOf, type VmdkMetadata } from './metadata.ts'
import { openExtents } from './open-extents.ts'
import type { SparseLayout } from './sparse-header.ts'

/** Facts and problems of a VMDK and of all its parts. */
export async function inspectVmdk(
  file: ImageFile,
  ports: ImagePorts,
  choices: ReadingChoices = {},
): Promise<ImageFacts> {
  let metadata: VmdkMetadata
  try {
    metadata = await readVmdkMetadata(file, ports)
  } catch (error) {
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    return { ...unknown, problems: [problemFromError(error)] }
  }
  const { problems, layout } = await inspectExtents({ file, metadata, choices }, ports)
  const { descriptor, extents, virtualSize } = metadata
  const { cid, createType, database } = descriptor
  const names = extents.flatMap(({ name }) => name ?? [])
  return {
    format: 'vmdk',
    subformat: createType,
    virtualSize,
    clusterSize: layout?.grainSize ?? null,
    identity: cid === null ? { kind: 'none' } : { kind: 'content-id', cid },
    parent: parentOf(descriptor),
    parts: metadata.layout === null ? [...new Set(names)] : [],
    snapshots: [],
    details: {
      CID: cid,
      parentCID: descriptor.parentCid,
      extents: extents.length,
      sparseVersion: layout?.version ?? null,
      compressed: layout?.isCompressed ?? false,
      footer: layout?.hasFooter ?? false,
      encoding: descriptor.encoding,
      adapterType: database.get('adaptertype') ?? null,
      virtualHWVersion: database.get('virtualhwversion') ?? null,
      thinProvisioned: database.has('thinprovisioned') ? database.get('thinprovisioned') === '1' : null,
      changeTrackPath: descriptor.changeTrackPath,
    },
    problems,
  }
}

const unknown: Omit<ImageFacts, 'problems'> = {
  format: 'vmdk',
  subformat: null,
  virtualSize: null,
  clusterSize: null,
  identity: { kind: 'none' },
  parent: null,
  parts: [],
  snapshots: [],
  details: {},
}

interface Inspected {
  readonly file: ImageFile
  readonly metadata: VmdkMetadata
  readonly choices: ReadingChoices
}

async function inspectExtents(
  { file, metadata, choices }: Inspected,
  ports: ImagePorts,
): Promise<{ problems: readonly Problem[]; layout: SparseLayout | null }> {
  const refusal = refusalOf(metadata, file.path)
  if (refusal) return { problems: [problemFromError(refusal)], layout: metadata.layout }
  await using extents = await openExtents(file, metadata, ports, choices)
  return {
    problems: [...extents.faults.map(problemFromError), ...extents.problems],
    layout: metadata.layout ?? extents.layouts[0] ?? null,
  }
}
