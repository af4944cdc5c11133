import { Bytes, FormatName, Path, Reading } from '@varve/protocol/primitives'
import { z } from 'zod'

/** An image on the host of the step, with what was said about how to read it. */
export const ImageAddress = z.lazy(() =>
  z.object({
    /** Absolute. */
    path: Path,
    /** Null: as it is detected. */
    format: FormatName.nullable().default(null),
    reading: Reading.unwrap()
      .extend({
        /** Read what would be refused, as far as it goes; only where nobody else's folders are read. */
        rescue: z.boolean().optional(),
        /** What the guest's filesystems call free reads as zeros, where they are believed. */
        withoutFree: z.literal(true).optional(),
        /** Bytes of the disk that read as zeros, whatever lies there. */
        leftOut: z
          .object({ start: Bytes, end: Bytes })
          .refine(({ start, end }) => start < end)
          .optional(),
        /** Bytes that the disk has, and that it is read with, zeros behind its end. */
        extended: z.object({ from: Bytes, to: Bytes }).optional(),
        /** Bytes that the disk is read with, its GPT ending there; refused where something of it lies behind. */
        cutTo: Bytes.optional(),
      })
      .default({}),
  }),
)
export type ImageAddress = z.infer<typeof ImageAddress>
