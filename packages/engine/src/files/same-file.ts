import { stat } from 'node:fs/promises'

/** Tells of paths whether they are the file at `path`, links resolved and whatever they are called; null: there is none. */
export async function sameFileAs(path: string): Promise<((other: string) => Promise<boolean>) | null> {
  const wanted = await identityOf(path)
  if (wanted === null) return null
  return async (other) => {
    const there = await identityOf(other)
    return there?.dev === wanted.dev && there.ino === wanted.ino
  }
}

// Numbers of files of NTFS take 64 bits.
const identityOf = async (path: string) => await stat(path, { bigint: true }).catch(() => null)
