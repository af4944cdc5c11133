import type { ImageReport } from '@varve/core/image/image-report'
import { z } from 'zod'
import { Bytes, FormatName, LayerNumber, ProblemView } from './primitives.ts'

const Sure = z.enum(['consistent', 'damaged', 'signature'])
const Notes = z.lazy(() => z.array(z.string()).max(200))

export const HostPlaceView = z.lazy(() =>
  z.object({
    filesystem: z.string().nullable(),
    mountPoint: z.string().nullable(),
    free: Bytes.nullable(),
    total: Bytes.nullable(),
    copyOnWrite: z.boolean().nullable(),
    /** The volume below the filesystem that copies on write too, in words; left out, null: none does. */
    copiesBelow: z.string().nullable().optional(),
    /** What a file of Windows is set as; left out: none of it. */
    attributes: z
      .array(z.enum(['sparse', 'compressed', 'encrypted']))
      .max(3)
      .readonly()
      .optional(),
    /** What is out of the ordinary of a volume of macOS; left out: none of it. */
    traits: z
      .array(z.enum(['read-only', 'case-sensitive', 'without-holes']))
      .max(3)
      .readonly()
      .optional(),
    media: z.string().nullable(),
  }),
)
export type HostPlaceView = z.infer<typeof HostPlaceView>

export const ImageIdentity = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('none') }),
    z.object({ kind: z.literal('content-id'), cid: z.string() }),
    z.object({ kind: z.literal('uuid'), uuid: z.string() }),
  ]),
)

const Snapshot = z.lazy(() =>
  z.object({
    id: z.string(),
    name: z.string(),
    takenAt: z.string(),
    virtualSize: Bytes.nullable(),
    stateSize: Bytes,
  }),
)

const ChainLink = z.lazy(() =>
  z.object({
    path: z.string(),
    format: FormatName,
    subformat: z.string().nullable(),
    virtualSize: Bytes.nullable(),
    fileSize: Bytes,
    allocated: Bytes.nullable(),
    clusterSize: Bytes.nullable(),
    identity: ImageIdentity,
  }),
)

const Band = z.lazy(() =>
  z.object({
    start: Bytes,
    length: Bytes,
    kind: z.enum(['partition', 'volume', 'filesystem', 'swap', 'gap', 'file']),
    label: z.string(),
    used: Bytes.nullable(),
    free: Bytes.nullable(),
  }),
)

const LayerView = z.lazy(() =>
  z.object({
    layer: LayerNumber,
    sure: z.enum(['read', 'recognised', 'told', 'none', 'unknown']),
    summary: z.string(),
    // Reports that were stored before a line had parts have none.
    parts: z
      .array(z.object({ text: z.string(), tone: z.enum(['plain', 'warn']) }))
      .max(64)
      .default([]),
    notes: Notes,
    bands: z.array(Band).max(1024),
  }),
)

const Partition = z.lazy(() =>
  z.object({
    index: z.number().int(),
    start: Bytes,
    length: Bytes,
    type: z.string(),
    typeName: z.string(),
    name: z.string().nullable(),
    uuid: z.string().nullable(),
    bootable: z.boolean(),
    role: z.enum(['primary', 'extended', 'logical', 'nested', 'whole']),
    slice: z.string().max(16).optional(),
    within: z.number().int().optional(),
  }),
)

const labelKinds = ['bsd', 'disklabel64', 'sun', 'sgi', 'solaris', 'unixware', 'minix'] as const

const Segment = z.object({ start: Bytes, length: Bytes })

const GuestView = z.lazy(() =>
  z.object({
    table: z.object({
      kind: z.enum(['gpt', 'mbr', 'hybrid', 'apm', 'none', ...labelKinds]),
      sure: Sure,
      sectorSize: z.number().int(),
      id: z.string().nullable(),
      partitions: z.array(Partition).max(1024),
      notes: Notes,
      inner: z
        .array(z.object({ kind: z.enum(labelKinds), within: z.number().int(), id: z.string().nullable() }))
        .max(1024)
        .optional(),
      records: z.array(Bytes).max(1024).optional(),
    }),
    volumes: z
      .array(
        z.object({
          start: Bytes,
          length: Bytes,
          type: z.enum([
            'lvm2',
            'luks1',
            'luks2',
            'bitlocker',
            'mdraid',
            'apfs-container',
            'corestorage',
            'ldm',
            'storage-spaces',
          ]),
          sure: Sure,
          label: z.string().nullable(),
          uuid: z.string().nullable(),
          group: z.string().nullable(),
          members: z
            .array(z.object({ name: z.string(), length: Bytes, segments: z.array(Segment).max(4096) }))
            .max(1024),
          notes: Notes,
        }),
      )
      .max(1024),
    filesystems: z
      .array(
        z.object({
          start: Bytes,
          length: Bytes,
          type: z.string(),
          sure: Sure,
          label: z.string().nullable(),
          uuid: z.string().nullable(),
          size: Bytes.nullable(),
          used: Bytes.nullable(),
          free: Bytes.nullable(),
          blockSize: Bytes.nullable(),
          sectorSize: Bytes.optional(),
          state: z.enum(['clean', 'dirty', 'unknown']),
          isHibernated: z.boolean().optional(),
          devices: z.number().optional(),
          fixedBy: z.string().optional(),
          notes: Notes,
          freeByRegion: z.array(z.object({ start: Bytes, length: Bytes, free: Bytes })).max(4096),
        }),
      )
      .max(1024),
    problems: z.array(ProblemView).max(1000),
  }),
)

const Shares = z.string().regex(/^(?:[0-9a-f]{2}){0,2048}$/u)

export const AllocationView = z.object({
  cellSize: Bytes,
  data: Shares,
  zero: Shares,
  reclaimable: Shares.nullable(),
  dataBytes: Bytes,
  zeroBytes: Bytes,
  absentBytes: Bytes,
})
export type AllocationView = z.infer<typeof AllocationView>

const ReclaimShare = z.lazy(() =>
  z.object({
    layer: LayerNumber,
    kind: z.enum(['guest-free', 'zeros', 'snapshots', 'container-slack', 'file-slack']),
    bytes: Bytes.nullable(),
    message: z.string(),
    remedy: z.string(),
  }),
)

/** The wire form of core's `ImageReport`. */
export const ImageReportView = z.lazy(() =>
  z.object({
    path: z.string(),
    format: FormatName,
    subformat: z.string().nullable(),
    virtualSize: Bytes.nullable(),
    fileSize: Bytes,
    allocated: Bytes.nullable(),
    chain: z.array(ChainLink).max(300),
    layers: z.array(LayerView).length(8),
    guest: GuestView.nullable(),
    allocation: AllocationView.nullable(),
    reclaimable: Bytes.nullable(),
    // Reports that were stored before it was estimated have none.
    reclaim: z.array(ReclaimShare).max(16).default([]),
    snapshots: z.array(Snapshot).max(70_000),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    place: HostPlaceView,
    problems: z.array(ProblemView).max(1000),
  }),
)
export type ImageReportView = z.infer<typeof ImageReportView>

type Mutable<T> = T extends readonly (infer U)[]
  ? Mutable<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T

/** The report as it crosses the wire; fails to compile when core's report and the schema part ways. */
export function toImageReportView(report: ImageReport): ImageReportView {
  return report as Mutable<ImageReport>
}

export function fromImageReportView(view: ImageReportView): ImageReport {
  return view
}
