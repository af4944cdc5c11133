import { toHex } from '@varve/core/binary/hex'
import { type Manifest, digestRoot, leafSize } from '@varve/core/digest/disk-digest'
import { nodeHashing } from '../system/hashing.ts'
import type { WorkerMessage } from './worker-job.ts'

/** Puts the leaves that a worker sent into the manifest. */
export function collectLeaves(manifest: Manifest, message: WorkerMessage): void {
  if (message.say !== 'leaves') return
  const { indexes, leaves } = message
  indexes.forEach((index, place) => {
    manifest.setLeaf(index, leaves.subarray(place * leafSize, (place + 1) * leafSize))
  })
}

/** The root of `manifest` in hexadecimal. */
export function hexRoot(manifest: Manifest): string {
  return toHex(digestRoot(manifest, nodeHashing))
}
