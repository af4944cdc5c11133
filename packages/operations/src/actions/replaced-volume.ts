import { Bytes, Digest } from '@varve/protocol/primitives'
import { z } from 'zod'
import { StagedVolume, VolumeName } from './volume-name.ts'

/** A finished volume that takes the name of another one, which is kept under a name of its own. */
export const ReplacedVolume = z.lazy(() =>
  StagedVolume.extend({
    /** What the original is called from then on. */
    kept: VolumeName,
    /** LVM: the original as it was looked at; another of its name is left alone. */
    uuid: z
      .string()
      .regex(/^[A-Za-z0-9-]{32,40}$/u)
      .nullable(),
    /** What the new one holds: undone, it must hold that still. Null: what `copyOf` holds. */
    holds: Digest.nullable(),
    virtualSize: Bytes,
    copyOf: VolumeName.nullable().default(null),
  })
    .refine(({ holds, copyOf }) => holds !== null || copyOf !== null, 'nobody could tell what it holds')
    .refine(
      ({ volume, kept }) => kept.kind === volume.kind && kept.group === volume.group,
      'an original is kept in the group or pool that it is in',
    ),
)
export type ReplacedVolume = z.infer<typeof ReplacedVolume>
