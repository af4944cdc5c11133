import { watch, type FSWatcher } from 'node:fs'
import type { Logger } from '../platform/logger.ts'
import { isSkippedName } from './file-names.ts'

/** Folders watched at most; beyond them changes are found by the periodic scan. */
const watcherLimit = 4096

/** Calls `onChange` when something in a watched folder changes. Events say only "look again": nothing is taken from them. */
export class FolderWatch implements Disposable {
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #onChange: () => void
  readonly #log: Logger
  #isComplete = false
  #hasWarned = false

  constructor(onChange: () => void, log: Logger) {
    this.#onChange = onChange
    this.#log = log
  }

  /** True when every folder of the last `follow` is watched. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** Watches exactly these folders, not what lies below them. */
  follow(folders: readonly string[]): void {
    const wanted = new Set(folders.slice(0, watcherLimit))
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    let complete = folders.length <= watcherLimit
    for (const folder of wanted) {
      if (this.#watchers.has(folder) || this.#add(folder)) continue
      // The system's limit counts for all folders: the rest is found by the periodic scan.
      complete = false
      break
    }
    this.#isComplete = complete
  }

  #add(folder: string): boolean {
    try {
      const watcher = watch(folder, { persistent: false, encoding: 'utf8' }, (_event, name) => {
        // Part files are written all the time while a pull runs, and are no images.
        if (name === null || !isSkippedName(name)) this.#onChange()
      })
      watcher.on('error', (error) => {
        this.#log.warn({ folder, err: error }, 'a folder cannot be watched any more')
        watcher.close()
        this.#watchers.delete(folder)
        this.#isComplete = false
        this.#onChange()
      })
      this.#watchers.set(folder, watcher)
      return true
    } catch (error) {
      if (this.#isComplete || !this.#hasWarned) {
        this.#log.warn({ folder, err: error }, 'a folder cannot be watched; changes are found by scans')
      }
      this.#hasWarned = true
      return false
    }
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }
}
