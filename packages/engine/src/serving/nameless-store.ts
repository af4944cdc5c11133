import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { randomHex } from '@varve/core/binary/random-hex'
import type { WrittenStore } from '@varve/nbd/exports/throw-away-export'
import { writeError } from '../system/system-error.ts'

/** A sparse file without a name: nothing of it stays, however this process ends. */
export async function namelessStore(folder: string): Promise<WrittenStore & AsyncDisposable> {
  const path = join(folder, `.varve-${randomHex(8)}.throw-away`)
  try {
    const file = await open(path, 'wx+', 0o600)
    await rm(path)
    return {
      async read(target, at) {
        for (let done = 0; done < target.length;) {
          const { bytesRead } = await file.read(target, done, target.length - done, at + done)
          if (bytesRead === 0) throw new RangeError('what was written is not there any more')
          done += bytesRead
        }
      },
      async write(bytes, at) {
        for (let done = 0; done < bytes.length;) {
          const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done)
          done += bytesWritten
        }
      },
      [Symbol.asyncDispose]: async () => file.close(),
    }
  } catch (error) {
    throw writeError(error, path)
  }
}
