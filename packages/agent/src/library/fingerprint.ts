import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'

/** A file as stat(2) saw it; null: it is not there or cannot be asked. */
export interface FileState {
  readonly text: string
  readonly stats: BigIntStats
}

export async function fileState(path: string): Promise<FileState | null> {
  try {
    const stats = await stat(path, { bigint: true })
    const { dev, ino, size, mtimeNs, ctimeNs } = stats
    return { text: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`, stats }
  } catch {
    return null
  }
}

/** One text that changes when any of the files does: size, times, inode. */
export function joinStates(states: readonly (FileState | null)[]): string {
  return hashLines(states.map((state) => state?.text ?? 'gone'))
}

export function hashLines(lines: readonly string[]): string {
  const hash = createHash('sha256')
  for (const line of lines) hash.update(`${line}\n`)
  return hash.digest('hex').slice(0, 32)
}
