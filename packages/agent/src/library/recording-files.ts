import { statSync } from 'node:fs'
import type { ImageFiles } from '@varve/core/image/image-files'
import type { Asked } from './asked.ts'
import { toFileState } from './fingerprint.ts'

/** Names kept of one inspection, at most; a sparse bundle has tens of thousands. */
const askedLimit = 50_000

/** Image files that note every name that was asked for, found or not, with its state just before it was asked. */
export interface RecordingFiles extends ImageFiles {
  readonly asked: readonly Asked[]
}

/**
 * `inner`, with a note of what is asked of it. States are taken before, so that a file that arrives a moment later
 * differs from what was noted. Blocks for one stat(2) per name: for threads without other work.
 */
export function recordingFiles(inner: ImageFiles): RecordingFiles {
  const asked = new Map<string, Asked>()
  const note = (path: string, kind: Asked['kind']): void => {
    const key = `${kind} ${path}`
    if (asked.has(key) || asked.size >= askedLimit) return
    asked.set(key, { path, kind, state: stateNow(path) })
  }
  return {
    ...inner,
    get asked() {
      return [...asked.values()]
    },
    async open(path) {
      note(path, 'file')
      return inner.open(path)
    },
    async list(folder) {
      note(folder, 'folder')
      return inner.list(folder)
    },
  }
}

function stateNow(path: string): Asked['state'] {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
    return stats ? toFileState(stats) : null
  } catch {
    return null
  }
}
