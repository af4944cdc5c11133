import { lstat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { countOf, formatBytes } from '@varve/core/units/format-bytes'
import { isDiskError, quote } from '@varve/core/problems/disk-error'
import { readBackup, type RepairBackup } from '../images/repair-backup.ts'
import { finding, type Diagnosis } from './diagnosis.ts'
import { byHand } from './mending.ts'

const dayMs = 24 * 3600 * 1000
/** The hidden name of one that a run has made, beside its image. */
const ofRun = /^\.(?<image>.+)\.[\w-]{1,64}\.undo$/u

interface Age {
  /** Those that were written to before are told. */
  readonly beforeMs: number
  readonly nowMs: number
}

/** Old files that take a change of an image back: they are told, and never removed by anything but a person. */
export async function undoFindings(paths: readonly string[], { beforeMs, nowMs }: Age): Promise<Diagnosis[]> {
  const found: Diagnosis[] = []
  for (const path of paths) {
    const stats = await lstat(path).catch(() => null)
    if (stats === null || stats.mtimeMs > beforeMs) continue
    const undo = await readUndo(path)
    if (undo === null) continue
    const image = imageOf(path)
    const days = Math.floor((nowMs - stats.mtimeMs) / dayMs)
    const isThere = (await lstat(image).catch(() => null)) !== null
    found.push(
      finding(
        { path },
        {
          id: 'undo-file',
          severity: 'info',
          layer: 'L1',
          message: `${formatBytes(stats.size)}, ${countOf(days, 'day')} old: ${whatItUndoes(undo, { image, isThere })}`,
          remedy: remedyFor({ path, image, isThere }),
          ...byHand,
          details: { image, isThere, days, bytes: stats.size, changes: undo.records.length },
        },
      ),
    )
  }
  return found
}

interface Undone {
  readonly image: string
  readonly isThere: boolean
}

function whatItUndoes({ records }: RepairBackup, { image, isThere }: Undone): string {
  const bytes = records.reduce((sum, { after }) => sum + after.length, 0)
  const what = `${countOf(records.length, 'change')} of ${formatBytes(bytes)} in ${quote(image)}`
  return isThere ? `it takes back ${what}` : `it took back ${what}, which is not there any more`
}

function remedyFor({ path, image, isThere }: Undone & { readonly path: string }): string {
  const way = `varve check ${quote(image)} --undo ${quote(path)}`
  return isThere
    ? `While the image was not written to since, ${way} takes the change back. Remove the file yourself when the change is to stay.`
    : 'Remove it yourself when that image will not come back.'
}

/** Null for what is no such file, or was cut off. */
async function readUndo(path: string): Promise<RepairBackup | null> {
  try {
    return await readBackup(path)
  } catch (error) {
    if (isDiskError(error)) return null
    throw error
  }
}

/** The image beside it that its name tells. */
function imageOf(path: string): string {
  const name = basename(path)
  return join(dirname(path), ofRun.exec(name)?.groups?.['image'] ?? name.slice(0, -'.undo'.length))
}
