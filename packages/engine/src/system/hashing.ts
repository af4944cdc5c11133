import { Blake3Hasher, blake3 } from '@napi-rs/blake-hash'
import type { Hashing } from '@varve/core/digest/disk-digest'

/** BLAKE3-256 in native code. */
export const nodeHashing: Hashing = {
  blake3,
  startBlake3() {
    const hasher = new Blake3Hasher()
    return {
      update(bytes) {
        hasher.update(bytes)
      },
      digest: () => hasher.digestBuffer(),
    }
  },
}
