import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { AttachRequest } from '../attach/request.ts'

/** Mounts a filesystem of an image at a folder. */
export const MountRequest = AttachRequest.extend({
  /** As the partition table numbers it; null: the one filesystem that is there. */
  partition: z.number().int().min(1).max(1000).nullable().default(null),
  /** Absolute. */
  folder: Path,
})
export type MountRequest = z.infer<typeof MountRequest>
