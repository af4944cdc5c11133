import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { z } from 'zod'

/** In a data folder that was made from a backup, until a controller has started on it. */
const markName = 'restored.json'

const RestoredMark = z.object({
  version: z.literal(1),
  /** Of the backup. */
  backup: z.string(),
  at: z.iso.datetime(),
  restoredAt: z.iso.datetime(),
})
export type RestoredMark = Readonly<z.infer<typeof RestoredMark>>

/** File and text of the mark. */
export function restoredMark(
  folder: string,
  mark: Omit<RestoredMark, 'version'>,
): [path: string, text: string] {
  return [join(folder, markName), `${JSON.stringify({ version: 1, ...mark })}\n`]
}

/** The mark of a folder; null: it has none. */
export function readRestoredMark(folder: string): RestoredMark | null {
  const path = join(folder, markName)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  try {
    return RestoredMark.parse(JSON.parse(text))
  } catch (error) {
    throw new DiskError(
      'refused',
      {
        file: path,
        layer: 'L1',
        reason: 'it is damaged, and says that this folder was restored from a backup',
        remedy: 'Restore the backup again, into another folder.',
      },
      { cause: error },
    )
  }
}

export function removeRestoredMark(folder: string): void {
  rmSync(join(folder, markName), { force: true })
}
