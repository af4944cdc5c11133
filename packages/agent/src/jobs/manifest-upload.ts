import type { Manifest } from '@varve/core/digest/disk-digest'
import { encodeManifest } from '@varve/core/digest/manifest-file'
import type { ManifestUpload } from '../connection/outbox.ts'

/** The manifest as the controller keeps it. */
export function manifestUpload(digest: string, manifest: Manifest): ManifestUpload {
  return { digest, bytes: Buffer.concat([...encodeManifest(manifest)]) }
}
