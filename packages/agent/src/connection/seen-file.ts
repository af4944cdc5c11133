import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SeenController } from '@varve/protocol/agent'
import type { Logger } from '../platform/logger.ts'

/** What this host last saw of its controller, kept over restarts: one that was restored from a backup knows less. */
export interface SeenFile {
  readonly seen: SeenController
  welcomed(start: SeenController['start']): void
  commanded(sequence: number): void
  /** Writes what is not written yet. */
  flush(): Promise<void>
}

const fileName = 'controller-seen.json'
/** A command is written down so long after it came, with those that came meanwhile. */
const laterMs = 1000

/** `folder`: null keeps nothing. A file that cannot be read counts as none. */
export async function openSeenFile(folder: string | null, log: Logger): Promise<SeenFile> {
  let seen = await read(folder)
  let due: NodeJS.Timeout | null = null
  let writing: Promise<void> = Promise.resolve()

  function change(next: SeenController): void {
    seen = next
    if (folder === null) return
    due ??= setTimeout(() => void flush(), laterMs).unref()
  }

  async function flush(): Promise<void> {
    if (folder === null || due === null) return await writing
    clearTimeout(due)
    due = null
    writing = writing
      .then(() => write(folder, seen))
      .catch((error: unknown) =>
        log.warn({ err: error }, 'what was seen of the controller could not be kept'),
      )
    await writing
  }

  return {
    get seen() {
      return seen
    },
    welcomed(start) {
      if (JSON.stringify(start) !== JSON.stringify(seen.start)) change({ ...seen, start })
    },
    commanded(sequence) {
      if (sequence !== seen.command) change({ ...seen, command: sequence })
    },
    flush,
  }
}

async function read(folder: string | null): Promise<SeenController> {
  const nothing: SeenController = { start: null, command: 0 }
  if (folder === null) return nothing
  try {
    return SeenController.parse(JSON.parse(await readFile(join(folder, fileName), 'utf8')))
  } catch {
    return nothing
  }
}

async function write(folder: string, seen: SeenController): Promise<void> {
  await mkdir(folder, { recursive: true })
  const staged = join(folder, `.${fileName}.${randomUUID()}`)
  await writeFile(staged, `${JSON.stringify(seen)}\n`)
  await rename(staged, join(folder, fileName))
}
