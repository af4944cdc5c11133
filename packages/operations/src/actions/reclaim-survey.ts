import { formatNames } from '@varve/core/image/format-rules'
import type { ReclaimSurvey } from '@varve/core/layers/survey-reclaim'
import { Bytes, LayerNumber } from '@varve/protocol/primitives'
import { z } from 'zod'

const Doubt = z.lazy(() =>
  z.object({
    kind: z.enum([
      'unread',
      'dirty',
      'damaged',
      'hibernated',
      'bitmap',
      'raid',
      'shadow-copies',
      'snapshot',
      'overlap',
    ]),
    reason: z.string(),
  }),
)

/** Bytes of the disk that the image's own files hold, those of its files, and what they take on the host. */
export const Holdings = z.object({ data: Bytes, file: Bytes, host: Bytes.nullable() })

/** What an image holds for nothing, from L6 down to L1; see core's `ReclaimSurvey`. */
export const Survey = z.object({
  format: z.enum(formatNames),
  subformat: z.string().nullable(),
  virtualSize: Bytes,
  filesystems: z
    .array(
      z.object({
        type: z.string(),
        label: z.string().nullable(),
        start: Bytes,
        size: Bytes.nullable(),
        free: Bytes.nullable(),
        held: Bytes,
        doubt: Doubt.nullable(),
      }),
    )
    .readonly(),
  closed: z.array(z.object({ what: z.string(), start: Bytes, length: Bytes })).readonly(),
  lost: z
    .array(z.object({ layer: LayerNumber, what: z.string(), reason: z.string(), remedy: z.string() }))
    .readonly(),
  heldFree: Bytes,
  before: Holdings,
  after: Holdings.nullable(),
  free: Bytes,
  zeros: Bytes.nullable(),
  compression: z.enum(['none', 'zlib', 'zstd']),
  room: Bytes.nullable(),
  copyOnWrite: z.boolean(),
  holder: z
    .object({ kind: z.enum(['thin', 'zfs', 'fixed']), unit: Bytes, held: Bytes.nullable() })
    .nullable()
    .default(null),
}) satisfies z.ZodType<ReclaimSurvey>
export type Survey = z.infer<typeof Survey>

/** What one layer gives back; null: nobody knows without reading all data, or the host does not tell. */
export const Gain = z.lazy(() =>
  z.object({
    layer: LayerNumber,
    kind: z.enum(['guest-free', 'zeros', 'container', 'host']),
    bytes: Bytes.nullable(),
  }),
)
export type Gain = z.infer<typeof Gain>

/** What writing the image anew is to give back, layer by layer. */
export function gainsOf({
  free,
  zeros,
  before,
  after,
}: Pick<Survey, 'free' | 'zeros' | 'before' | 'after'>): Gain[] {
  const less = (was: number | null, is: number | null | undefined) =>
    was === null || is === null || is === undefined ? null : Math.max(0, was - is)
  return [
    { layer: 'L6', kind: 'guest-free', bytes: free },
    { layer: 'L3', kind: 'zeros', bytes: zeros },
    { layer: 'L2', kind: 'container', bytes: less(before.file, after?.file) },
    { layer: 'L1', kind: 'host', bytes: less(before.host, after?.host) },
  ]
}

/** What each gain is called. */
export const gainNames = {
  'guest-free': 'free blocks of filesystems',
  zeros: 'zeros that were written out',
  container: 'the file',
  host: 'room on the host',
} as const satisfies Record<Gain['kind'], string>
