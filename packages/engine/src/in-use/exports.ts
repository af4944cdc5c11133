import { stat } from 'node:fs/promises'
import { noteServing } from './serving-notes.ts'
import type { FileIdentity } from './writers.ts'

/** How often this process serves a file now, by device and inode. */
const served = new Map<string, number>()

/** Says that this process serves the disk of these files to others, to itself and to other processes, until the disposal. */
export async function markExported(files: readonly { readonly path: string }[]): Promise<Disposable> {
  const found = await Promise.all(
    files.map(async ({ path }) => stat(path, { bigint: true }).catch(() => null)),
  )
  const keys = [...new Set(found.flatMap((stats) => (stats === null ? [] : [keyOf(stats)])))]
  const notes = await noteServing(files.map(({ path }) => path))
  for (const key of keys) served.set(key, (served.get(key) ?? 0) + 1)
  return {
    [Symbol.dispose]() {
      notes[Symbol.dispose]()
      for (const key of keys.splice(0)) {
        const left = (served.get(key) ?? 1) - 1
        if (left > 0) served.set(key, left)
        else served.delete(key)
      }
    },
  }
}

/** Whether this process serves that file. */
export function isExported(file: FileIdentity): boolean {
  return served.has(keyOf(file))
}

function keyOf({ dev, ino }: FileIdentity): string {
  return `${dev}:${ino}`
}
