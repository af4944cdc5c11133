import { formatNames } from '@varve/core/image/format-rules'
import { layerNumbers } from '@varve/core/problems/layer-number'
import { z } from 'zod'

/** Raised by a minor version whose agents and controllers say what those before did not know. */
export const protocolVersion = 5
/** The oldest that is still spoken: that of the minor version before. */
export const oldestProtocol = 4

export const Bytes = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
export const Timestamp = z.iso.datetime()
export const LayerNumber = z.enum(layerNumbers)
export const Severity = z.enum(['block', 'warn', 'info'])
export const FormatName = z.enum(formatNames)
/** A kind of a format that is written, such as `fixed`; null: its usual one. */
export const Subformat = z.string().min(1).max(40).nullable()
/** BLAKE3 root in hexadecimal. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/u)
export const HostName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/u,
    'the name of a host has lower-case letters, digits and hyphens, 63 at most',
  )
export const ImageId = z.string().min(1, 'an id is not empty').max(64, 'an id has at most 64 characters')
export const MigrationId = z.string().min(1).max(64)
export const JobId = z.string().min(1).max(64)
/** A file name in a library: no folders, no control characters, not hidden, at most 200 bytes. */
export const FileName = z
  .string()
  .min(1, 'a name is not empty')
  .refine((name) => new TextEncoder().encode(name).length <= 200, 'a name has at most 200 bytes')
  .refine(
    (name) => !/[/\\\u0000-\u001F\u007F\uD800-\uDFFF]/u.test(name) && !name.startsWith('.'),
    'a plain file name: no folders, no control characters, no dot in front',
  )
export const Path = z.string().min(1).max(4096)

/** What somebody said about how an image is to be read; see core's `ReadingChoices`. A rescue is never one of a fleet. */
export const Reading = z.lazy(() =>
  z.object({
    snapshot: z.string().min(1).max(1024).optional(),
    disk: z.string().min(1).max(1024).optional(),
    vhdBitmap: z.enum(['honour', 'ignore']).optional(),
    vhdSize: z.enum(['geometry', 'current']).optional(),
  }),
)
export type Reading = z.infer<typeof Reading>

export const ProblemView = z.lazy(() =>
  z.object({
    id: z.string(),
    severity: Severity,
    layer: LayerNumber,
    file: z.string().nullable(),
    message: z.string(),
    remedy: z.string(),
    offset: Bytes.optional(),
    details: z.record(z.string(), z.unknown()).optional(),
    asks: z.literal(true).optional(),
    settledBy: z.string().max(40).optional(),
  }),
)
export type ProblemView = z.infer<typeof ProblemView>

/** A coded error as it crosses a wire; see core's `ErrorRecord`. */
export const ErrorView = z.lazy(() =>
  z.object({
    code: z.string(),
    layer: LayerNumber,
    file: z.string(),
    message: z.string(),
    remedy: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
)
export type ErrorView = z.infer<typeof ErrorView>

/** A value whose shape its reader knows by a name beside it: the input of an action, the request of an operation. */
export const Payload = z.lazy(() => z.record(z.string(), z.unknown()))
export type Payload = z.infer<typeof Payload>
