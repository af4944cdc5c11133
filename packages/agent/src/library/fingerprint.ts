import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { deviceState } from '@varve/engine/in-use/device-state'

/** A file as stat(2) saw it. */
export interface FileState {
  /** Changes when the file is written to. */
  readonly text: string
  /** Changes when another file takes its name; of a folder, when a name in it comes or goes. */
  readonly identity: string
  readonly stats: BigIntStats
}

/** The state of a file, or of a block device with the size that the kernel tells of it; null: it is not there or cannot be asked. */
export async function fileState(path: string): Promise<FileState | null> {
  try {
    const stats = await stat(path, { bigint: true })
    if (stats.isBlockDevice()) stats.size = BigInt(deviceState(stats.rdev)?.size ?? 0)
    return { ...toFileState(stats), stats }
  } catch {
    return null
  }
}

export function toFileState(stats: BigIntStats): Pick<FileState, 'text' | 'identity'> {
  const { dev, ino, size, mtimeNs, ctimeNs } = stats
  if (stats.isBlockDevice()) return toDeviceState(stats)
  const text = `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`
  return { text, identity: stats.isDirectory() ? text : `${dev}:${ino}` }
}

/** Nothing that stat(2) tells of a device changes when it is written to. */
function toDeviceState({ rdev }: BigIntStats): Pick<FileState, 'text' | 'identity'> {
  const state = deviceState(rdev)
  return { text: `${rdev}:${state?.size ?? 0}:${state?.changed ?? ''}`, identity: `device ${rdev}` }
}

export function hashLines(lines: readonly string[]): string {
  const hash = createHash('sha256')
  for (const line of lines) hash.update(`${line}\n`)
  return hash.digest('hex').slice(0, 32)
}
