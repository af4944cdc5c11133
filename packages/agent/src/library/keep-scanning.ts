import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../platform/logger.ts'
import { fileState } from './fingerprint.ts'
import type { Inventory } from './inventory.ts'
import type { Library } from './library.ts'
import type { ScanMemory } from './scan-memory.ts'
import { scanLibrary, writersChanged, type ScanOutcome, type ScanPorts } from './scan.ts'
import { FolderWatch } from './watch.ts'

/** When to look again, in milliseconds. */
export interface ScanTimes {
  /** After the last of a run of changes. */
  readonly quietMs: number
  /** After the first of a run of changes that does not end. */
  readonly patienceMs: number
  /** Without any change, when all folders are watched. */
  readonly watchedMs: number
  /** Without any change, when some folder is not watched. */
  readonly unwatchedMs: number
  /** While some file is open for writing, until its writers are asked for again: the last goes without a change. */
  readonly inUseMs: number
}

export const scanTimes: ScanTimes = {
  quietMs: 300,
  patienceMs: 5000,
  watchedMs: 10 * 60_000,
  unwatchedMs: 60_000,
  inUseMs: 3000,
}

export interface ScanningOptions {
  readonly inventory: Inventory
  readonly ports: ScanPorts
  readonly log: Logger
  readonly signal: AbortSignal
  readonly times?: ScanTimes
}

/** Keeps the inventory of one library true: scans it at once, after changes, and from time to time. */
export class LibraryScanner {
  readonly library: Library
  readonly #options: ScanningOptions
  readonly #memory: ScanMemory = new Map()
  readonly #leftovers = new Set<string>()
  readonly #startedMs = Date.now()
  #firstChange: number | null = null
  #changed: () => void = () => {}

  constructor(library: Library, options: ScanningOptions) {
    this.library = library
    this.#options = options
  }

  /** Asks for another scan soon. */
  readonly look = (): void => {
    this.#firstChange ??= performance.now()
    this.#changed()
  }

  /** Forgets what it knows, so that the next scan tells everything. */
  forget(): void {
    this.#memory.clear()
  }

  /** Forgets these images, and scans soon, so that they are told again. */
  lookAgainAt(names: readonly string[]): void {
    for (const name of names) this.#memory.delete(name)
    this.look()
  }

  /** Runs until the signal aborts. */
  async run(): Promise<void> {
    const { signal, log, times = scanTimes } = this.#options
    using watch = new FolderWatch(this.look, log)
    while (!signal.aborted) {
      this.#firstChange = null
      let idleMs = times.unwatchedMs
      let inUse: ScanOutcome['inUse'] = new Map()
      try {
        const outcome = await this.#scan(watch)
        if (watch.isComplete && !outcome.isBehind) idleMs = times.watchedMs
        inUse = outcome.inUse
      } catch (error) {
        if (signal.aborted) return
        log.error({ library: this.library.name, err: error }, 'the scan failed')
      }
      using _asking = this.#askAfter(inUse, times)
      await this.#whenDue(idleMs, times)
    }
  }

  async #scan(watch: FolderWatch): Promise<ScanOutcome> {
    const { inventory, ports, log, signal } = this.#options
    const started = performance.now()
    const { name } = this.library
    inventory.scanStarted(name)
    const outcome = await scanLibrary(this.library, this.#memory, ports, {
      signal,
      onRecord: (record) => inventory.put(record, signal),
    })
    const { present, folders, sought, inspected } = outcome
    const isFollowingMore = watch.follow(folders, sought)
    inventory.scanFinished(name, present)
    const seconds = (performance.now() - started) / 1000
    log.info({ library: name, images: present.length, inspected, seconds }, 'scanned')
    // What changed between the walk and the first watch would otherwise go unseen.
    if (isFollowingMore) this.look()
    await this.#noteLeftovers(outcome.partFiles)
    return outcome
  }

  /** Part files of an earlier agent are named once; nothing that was copied is removed unasked. */
  async #noteLeftovers(partFiles: readonly string[]): Promise<void> {
    for (const file of partFiles) {
      if (this.#leftovers.has(file)) continue
      this.#leftovers.add(file)
      const state = await fileState(file)
      if (state === null || Number(state.stats.mtimeMs) >= this.#startedMs) continue
      const facts = { file, bytes: Number(state.stats.size) }
      this.#options.log.warn(
        facts,
        'an earlier agent left an unfinished copy; varve leftovers FOLDER --remove --migrations removes it when no migration needs it',
      )
    }
  }

  /** Asks from time to time whether these files are still written to, and for a scan when that changed. */
  #askAfter(inUse: ScanOutcome['inUse'], { inUseMs }: ScanTimes): Disposable {
    const { ports, log } = this.#options
    let isAsking = false
    const ask = async () => {
      if (isAsking) return
      isAsking = true
      try {
        if (await writersChanged(inUse, ports)) this.look()
      } catch (error) {
        log.warn({ library: this.library.name, err: error }, 'who writes to its files cannot be found out')
      } finally {
        isAsking = false
      }
    }
    const timer = inUse.size === 0 ? null : setInterval(() => void ask(), inUseMs)
    return {
      [Symbol.dispose]() {
        if (timer) clearInterval(timer)
      },
    }
  }

  /** Waits for a run of changes to end, or for the time without any. */
  async #whenDue(idleMs: number, { quietMs, patienceMs }: ScanTimes): Promise<void> {
    const { signal } = this.#options
    if (this.#firstChange === null && !(await this.#changeWithin(idleMs))) return
    while (!signal.aborted) {
      const waited = performance.now() - (this.#firstChange ?? 0)
      if (waited >= patienceMs || !(await this.#changeWithin(quietMs))) return
    }
  }

  async #changeWithin(milliseconds: number): Promise<boolean> {
    const { signal } = this.#options
    const timer = new AbortController()
    const changed = new Promise<boolean>((resolve) => {
      this.#changed = () => resolve(true)
    })
    const timeout = sleep(milliseconds, false, { signal: AbortSignal.any([signal, timer.signal]) })
    const outcome = await Promise.race([changed, timeout.catch(() => false)])
    timer.abort()
    return outcome
  }
}
