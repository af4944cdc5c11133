import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { constants } from 'node:fs'
import { DiskError } from '@varve/core/problems/disk-error'
import { readError } from '@varve/engine/system/system-error'
import { openStaging } from '@varve/engine/staging/staging'
import { pieceSize } from '@varve/protocol/file-streams'
import { withTarget } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'
import { readWhole } from '@varve/engine/files/whole'

/** Reads what was uploaded back from the medium's cache, once it is on the medium. */
export const proveUpload = nativeAdapter('prove-upload', {
  calls: 'fsync(2), then read(2) of the hidden file and SHA-256 of each 4 MiB of it',

  async run({ target, staging, size, digest: expected }, { ports, signal, onProgress }) {
    const { digest, bytes, file } = await withTarget(ports, target, async (held) => {
      const staged = openStaging({ target: held, staging, format: 'raw', subformat: null })
      const identity = await staged.identity()
      await staged.flush()
      const found = await digestPieces(staged.path, {
        signal,
        onBytes: (done) => onProgress({ of: 'tool', progress: { fraction: size === 0 ? 1 : done / size } }),
      }).catch((error: unknown) => {
        throw readError(error, target)
      })
      return { ...found, file: identity }
    })
    if (bytes !== size)
      throw new DiskError('truncated', {
        file: target,
        structure: 'the upload',
        wanted: size,
        available: bytes,
      })
    if (digest !== expected)
      throw new DiskError('digest-mismatch', { file: target, expected, found: digest, chunk: null })
    return { digest, bytes, file }
  },
})

interface DigestOptions {
  readonly signal: AbortSignal
  readonly onBytes: (done: number) => void
}

/** SHA-256 over the SHA-256 of each piece of a file. */
async function digestPieces(
  path: string,
  { signal, onBytes }: DigestOptions,
): Promise<{ readonly digest: string; readonly bytes: number }> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  const whole = createHash('sha256')
  const buffer = new Uint8Array(pieceSize)
  let bytes = 0
  for (;;) {
    signal.throwIfAborted()
    const length = await readWhole(file, buffer, bytes)
    if (length === 0) return { digest: whole.digest('hex'), bytes }
    whole.update(createHash('sha256').update(buffer.subarray(0, length)).digest())
    bytes += length
    onBytes(bytes)
  }
}
