import { watch, type FSWatcher } from 'node:fs'
import { basename } from 'node:path'
import type { Logger } from '../platform/logger.ts'
import { isSkippedName } from '@varve/engine/files/file-names'

/** Folders watched at most; beyond them changes are found by the periodic scan. */
const watcherLimit = 4096

/** Calls `onChange` when something in a watched folder changes. Events say only "look again": nothing is taken from them. */
export class FolderWatch implements Disposable {
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #onChange: () => void
  readonly #log: Logger
  #sought: ReadonlySet<string> = new Set()
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

  /**
   * Watches exactly these folders, not what lies below them; true when some of them were not watched before. `sought`:
   * last names of hidden and unfinished files that count all the same, because an image names them.
   */
  follow(folders: readonly string[], sought: ReadonlySet<string>): boolean {
    this.#sought = new Set([...sought].map((name) => name.normalize()))
    const wanted = new Set(folders.slice(0, watcherLimit))
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    let added = false
    let complete = folders.length <= watcherLimit
    for (const folder of wanted) {
      if (this.#watchers.has(folder)) continue
      if (this.#add(folder)) {
        added = true
        continue
      }
      // The system's limit counts for all folders: the rest is found by the periodic scan.
      complete = false
      break
    }
    this.#isComplete = complete
    return added
  }

  #add(folder: string): boolean {
    try {
      const watcher = watch(folder, { persistent: false, encoding: 'utf8' }, (event, name) => {
        // The folder itself was moved or removed: another one may have its name now.
        if (event === 'rename' && name === basename(folder)) this.#forget(folder, watcher)
        // Part files are written all the time while a pull runs, and are no images.
        if (name === null || !isSkippedName(name) || this.#sought.has(name.normalize())) this.#onChange()
      })
      watcher.on('error', (error) => {
        this.#log.warn({ folder, err: error }, 'a folder cannot be watched any more')
        this.#forget(folder, watcher)
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

  #forget(folder: string, watcher: FSWatcher): void {
    watcher.close()
    if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder)
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }
}
