import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'

/** A file as stat(2) saw it. */
export interface FileState {
  /** Changes when the file is written to. */
  readonly text: string
  /** Changes when another file takes its name; of a folder, when a name in it comes or goes. */
  readonly identity: string
  readonly stats: BigIntStats
}

/** The state of a file; null: it is not there or cannot be asked. */
export async function fileState(path: string): Promise<FileState | null> {
  try {
    const stats = await stat(path, { bigint: true })
    return { ...toFileState(stats), stats }
  } catch {
    return null
  }
}

export function toFileState(stats: BigIntStats): Pick<FileState, 'text' | 'identity'> {
  const { dev, ino, size, mtimeNs, ctimeNs } = stats
  const text = `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`
  return { text, identity: stats.isDirectory() ? text : `${dev}:${ino}` }
}

export function hashLines(lines: readonly string[]): string {
  const hash = createHash('sha256')
  for (const line of lines) hash.update(`${line}\n`)
  return hash.digest('hex').slice(0, 32)
}
