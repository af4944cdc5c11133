import { z } from 'zod'
import { Bytes, Digest, FormatName, HostName, ImageId, ProblemView, Timestamp } from './primitives.ts'
import { ImageReportView } from './reports.ts'

/** One image in lists. */
export const ImageRow = z.lazy(() =>
  z.object({
    id: ImageId,
    host: HostName,
    library: z.string(),
    /** Path inside the library, with `/`. */
    name: z.string(),
    format: FormatName,
    subformat: z.string().nullable(),
    virtualSize: Bytes.nullable(),
    allocated: Bytes.nullable(),
    fileSize: Bytes,
    /** What is inside in a few words, such as `GPT · ext4`. */
    contents: z.string(),
    /** 60 cells of L2, two hexadecimal digits each: share of data in 255ths; null when not known. */
    strip: z.string().nullable(),
    chainLength: z.number().int().min(1),
    reclaimable: Bytes.nullable(),
    findings: z.object({ block: z.number().int(), warn: z.number().int(), info: z.number().int() }),
    modifiedAt: Timestamp,
    provenAt: Timestamp.nullable(),
    /** Whether its host can be asked now; of an offline host's image all else is what was known when it went. */
    hostState: z.enum(['connected', 'offline']).default('connected'),
  }),
)
export type ImageRow = z.infer<typeof ImageRow>

export const ImageSort = z.enum([
  'name',
  'host',
  'format',
  'virtualSize',
  'allocated',
  'reclaimable',
  'findings',
  'modifiedAt',
  'provenAt',
])
export type ImageSort = z.infer<typeof ImageSort>

export const ImageQuery = z.lazy(() =>
  z.object({
    search: z.string().max(200).default(''),
    /** Only images of exactly this name, in whatever library. */
    name: z.string().max(4096).nullable().default(null),
    host: z.string().nullable().default(null),
    library: z.string().nullable().default(null),
    format: FormatName.nullable().default(null),
    /** Only images with findings of this severity or worse. */
    findings: z.enum(['any', 'warn', 'block']).nullable().default(null),
    /** Only images that have a finding with this id. */
    problem: z.string().max(100).nullable().default(null),
    sort: ImageSort.default('name'),
    direction: z.enum(['asc', 'desc']).default('asc'),
    offset: z.number().int().min(0).max(10_000_000).default(0),
    limit: z.number().int().min(1).max(500).default(100),
  }),
)
export type ImageQuery = z.input<typeof ImageQuery>

export const ImagePage = z.lazy(() =>
  z.object({
    rows: z.array(ImageRow),
    total: z.number().int(),
    offset: z.number().int(),
  }),
)
export type ImagePage = z.infer<typeof ImagePage>

/** Evidence that an image's L3 had this digest at that time. */
export const Proof = z.lazy(() =>
  z.object({
    digest: Digest,
    virtualSize: Bytes,
    takenAt: Timestamp,
    hasManifest: z.boolean(),
  }),
)
export type Proof = z.infer<typeof Proof>

/** The format that somebody said of an image, or of all images in a folder and below it that do not say another themselves. */
export const FormatChoice = z.lazy(() =>
  z.object({
    library: z.string(),
    /** Path inside the library, with `/`; of a folder without one at its end, empty for the whole library. */
    name: z.string().max(4096),
    scope: z.enum(['image', 'folder']),
    format: FormatName,
  }),
)
export type FormatChoice = z.infer<typeof FormatChoice>
function isInside(name: string): boolean {
  return name
    .replace(/\/+$/u, '')
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..')
}

/** Says a format of an image or a folder, or takes it back (null). */
export const ChooseFormat = z.lazy(() =>
  FormatChoice.unwrap()
    .extend({
      host: HostName,
      format: FormatName.nullable(),
    })
    .refine(
      // What was said can always be taken back.
      ({ format, name, scope }) => format === null || (name === '' ? scope === 'folder' : isInside(name)),
      {
        path: ['name'],
        error: 'a path inside the library is wanted, such as vms/a.img, without . or .. or a slash in front',
      },
    ),
)
export type ChooseFormat = z.infer<typeof ChooseFormat>

export const ImageView = z.lazy(() =>
  z.object({
    row: ImageRow,
    report: ImageReportView,
    proofs: z.array(Proof),
    /** Ids of other images in the inventory that use this one as parent. */
    children: z.array(z.object({ id: ImageId, name: z.string() })),
    /** Ids of the links of `report.chain` that are in the inventory; null where not. */
    chainIds: z.array(ImageId.nullable()),
    /** The format that somebody said of it, or of a folder that it lies in; null: it is detected. */
    told: FormatChoice.unwrap().pick({ scope: true, name: true, format: true }).nullable().default(null),
  }),
)
export type ImageView = z.infer<typeof ImageView>

/** One image as an agent reports it. */
export const ImageRecord = z.lazy(() =>
  z.object({
    library: z.string(),
    name: z.string(),
    report: ImageReportView,
    contents: z.string(),
    strip: z.string().nullable(),
    modifiedAt: Timestamp,
    /** Changes when the file does: size, times, inode. */
    fingerprint: z.string(),
  }),
)
export type ImageRecord = z.infer<typeof ImageRecord>

export const FindingGroup = z.lazy(() =>
  z.object({
    problem: ProblemView,
    images: z.number().int(),
    bytes: Bytes.nullable(),
  }),
)
export type FindingGroup = z.infer<typeof FindingGroup>
