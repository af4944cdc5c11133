import type { FileHandle } from 'node:fs/promises'

/** Fills `into` from byte `at` on; gives how many bytes came, fewer only where the file ends. */
export async function readWhole(file: FileHandle, into: Uint8Array, at: number): Promise<number> {
  let done = 0
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, at + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}

/** Writes all of `bytes` at byte `at`: one call may write less (POSIX.1-2017, write). */
export async function writeWhole(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}
