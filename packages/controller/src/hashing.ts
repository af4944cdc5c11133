import { Blake3Hasher } from '@napi-rs/blake-hash'
import type { Hashing } from '@varve/core/digest/disk-digest'

/** BLAKE3 by the native package. */
export const nativeHashing: Hashing = {
  blake3(bytes) {
    const hasher = new Blake3Hasher()
    hasher.update(bytes)
    return hasher.digestBuffer()
  },
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
