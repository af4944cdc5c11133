import { Sha256, UploadId } from '@varve/protocol/file-streams'
import { Bytes, Path } from '@varve/protocol/primitives'
import { z } from 'zod'

/** Gives its name to a file that was uploaded and lies hidden beside its place. */
export const UploadRequest = z.object({
  target: Path,
  /** Of the upload: what arrived has it in its hidden name. */
  id: UploadId,
  size: Bytes,
  /** SHA-256 over the SHA-256 of each piece of 4 MiB of the file that was sent. */
  digest: Sha256,
})
export type UploadRequest = z.infer<typeof UploadRequest>
