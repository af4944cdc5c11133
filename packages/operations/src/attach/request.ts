import { z } from 'zod'
import { InUse } from '../actions/digest-image.ts'
import { ImageAddress } from '../actions/image-address.ts'

/** Makes an image a block device of its host. */
export const AttachRequest = z.lazy(() =>
  z.object({
    image: ImageAddress,
    inUse: InUse,
    /** What is written to the device is written to the image. */
    isWritten: z.boolean().default(false),
    /** It is an encrypted image of macOS, and is opened with the passphrase that standard input gives. */
    isEncrypted: z.boolean().default(false),
  }),
)
export type AttachRequest = z.infer<typeof AttachRequest>
