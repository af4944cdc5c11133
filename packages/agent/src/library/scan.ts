import { realpath } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { ImageFiles } from '@varve/core/image/image-files'
import { namedAsRaw, promisedFormat } from '@varve/core/image/detect-format'
import type { FileUses, Use } from '@varve/core/problems/use'
import { describeUses } from '@varve/core/uses/use-words'
import type { ImageRecord } from '@varve/protocol/images'
import type { Logger } from '../platform/logger.ts'
import type { FindWriters, OpenWriters } from '../platform/platform.ts'
import { foldersOf, noDependencies } from './asked.ts'
import { attachedMounts } from '@varve/engine/in-use/attachments'
import { isSkippedName } from '@varve/engine/files/file-names'
import { fileState, type FileState } from './fingerprint.ts'
import { withWriters } from './image-record.ts'
import { isBelow } from './library-path.ts'
import type { Library } from './library.ts'
import { look, saidOf, type FoundFile, type LookPorts } from './look.ts'
import { mapLimited } from '@varve/core/async/map-limited'
import { standingOf, type ScanMemory } from './scan-memory.ts'
import { unopenedRecord } from './unopened-record.ts'
import { mayBeDescriptor, namedParts } from './vmdk-parts.ts'
import { walkLibrary } from './walk.ts'

/** Files looked at at once; each has its chain open meanwhile. */
const filesAtOnce = 8
export interface ScanPorts extends LookPorts {
  readonly findWriters: FindWriters | null
  /** The folders of all libraries: nothing outside is watched. */
  readonly roots: readonly string[]
}

export interface ScanOptions {
  readonly signal: AbortSignal
  /** Called for each image that is new or changed; the scan waits for it. */
  readonly onRecord: (record: ImageRecord) => Promise<void>
}

export interface ScanOutcome {
  /** Names of all images that are there. */
  readonly present: readonly string[]
  /** Folders in which a change may change what the images are: those of the library, and others that chains lead to. */
  readonly folders: readonly string[]
  /** Last names of files that images depend on or were looked for by. */
  readonly sought: ReadonlySet<string>
  /** Files that were looked at anew. */
  readonly inspected: number
  /** What pulls left or still write. */
  readonly partFiles: readonly string[]
  /** Some file that is written to all the time was not looked at again this time. */
  readonly isBehind: boolean
  /** The files that are open for writing, and by whom in words; nothing tells when they are closed. */
  readonly inUse: ReadonlyMap<string, string>
}

/** Looks at every file of a library once; what did not change since `memory` was written is not opened. */
export async function scanLibrary(
  library: Library,
  memory: ScanMemory,
  ports: ScanPorts,
  options: ScanOptions,
): Promise<ScanOutcome> {
  const found = await collect(library, options.signal, ports.log)
  const writers = await ports.findWriters?.()
  const named = await findParts(found.files, memory, ports.files)
  const scan = new Scan({ library, memory, ports, options, writers: writers ?? null, named })
  for (const files of inTurns(found.files)) await scan.meetAll(files)
  await scan.meetLeft()
  for (const record of found.unopened) await scan.meetUnopened(record)
  for (const [name, { isImage }] of memory) {
    if (isImage && found.unreadable.some((prefix) => name.startsWith(prefix))) scan.present.add(name)
  }
  const seen = new Set(found.files.map(({ name }) => name))
  for (const name of memory.keys()) if (!scan.present.has(name) && !seen.has(name)) memory.delete(name)
  scan.dropParts(found.files)
  return {
    present: [...scan.present],
    ...(await watchedPlaces(found.folders, memory, ports.roots)),
    inspected: scan.inspected,
    partFiles: found.partFiles,
    isBehind: scan.isBehind,
    inUse: scan.inUse,
  }
}

interface ScanParts {
  readonly library: Library
  readonly memory: ScanMemory
  readonly ports: ScanPorts
  readonly options: ScanOptions
  readonly writers: OpenWriters | null
  /** Parts that VMDK descriptors name, by the descriptor's path. */
  readonly named: ReadonlyMap<string, readonly string[]>
}

/** One pass over the files of a library. */
class Scan {
  readonly present = new Set<string>()
  readonly inUse = new Map<string, string>()
  inspected = 0
  isBehind = false
  readonly #parts: ScanParts
  /** Files that hold bytes of other images. */
  readonly #claimed: Set<string>
  /** Who writes to files that were asked about in this scan. */
  readonly #asked = new Map<string, Promise<readonly Use[]>>()
  /** Parts at the last scan whose image was not met yet. */
  readonly #left: FoundFile[] = []

  constructor(parts: ScanParts) {
    this.#parts = parts
    this.#claimed = new Set([...parts.named.values()].flat())
  }

  async meetAll(files: readonly FoundFile[]): Promise<void> {
    await mapLimited(files, filesAtOnce, async (file) => {
      if (this.#claimed.has(file.path)) this.#parts.memory.delete(file.name)
      else if (this.#parts.memory.get(file.name)?.isPart === true) this.#left.push(file)
      else await this.#meet(file)
    })
  }

  /** What was a part and is none any more is an image like others. */
  async meetLeft(): Promise<void> {
    const freed = this.#left.filter(({ path }) => !this.#claimed.has(path))
    for (const { name } of freed) this.#parts.memory.delete(name)
    await mapLimited(freed, filesAtOnce, (file) => this.#meet(file))
  }

  /** Takes out files that turned out to be parts after they were met. */
  dropParts(files: readonly FoundFile[]): void {
    const { memory } = this.#parts
    for (const { name, path } of files) {
      const remembered = memory.get(name)
      if (!remembered || !this.#claimed.has(path)) continue
      this.present.delete(name)
      memory.set(name, { ...remembered, isImage: false, isPart: true })
    }
  }

  async meetUnopened(record: ImageRecord): Promise<void> {
    const { memory, options } = this.#parts
    const { name, fingerprint } = record
    this.present.add(name)
    if (memory.get(name)?.own === fingerprint) return
    memory.set(name, {
      own: fingerprint,
      dependencies: noDependencies,
      said: null,
      inUseBy: '',
      lookedAtMs: 0,
      isImage: true,
      named: [],
      parts: [],
      chain: [],
      isPart: false,
    })
    await options.onRecord(record)
  }

  async #meet(file: FoundFile): Promise<void> {
    const { library, memory, ports, options, writers, named } = this.#parts
    options.signal.throwIfAborted()
    const state = await fileState(file.path)
    if (state === null) return
    const before = memory.get(file.name)
    if (writers) this.#asked.set(file.path, Promise.resolve(writers.of(state.stats)))
    const inUseBy = textOfUse(await this.#usedOf([file.path, ...(before?.chain ?? [])]))
    const own = ports.formats.of(library.name, file.name)?.format ?? null
    const said = before ? saidOf(own, before.dependencies, ports.formats) : own
    const standing = before ? await standingOf(before, { state, inUseBy, said }) : 'changed'
    if (standing === 'changing') this.isBehind = true
    if (before && standing !== 'changed') {
      this.#claim(before.parts)
      if (before.isImage) this.present.add(file.name)
      return
    }
    this.inspected += 1
    const { signal } = options
    const parts = named.get(file.path) ?? []
    const { record, ...looked } = await look(library, file, { state, ports, signal, named: parts })
    const isImage = record !== null
    const used = await this.#usedOf([file.path, ...looked.chain])
    const lookedAtMs = performance.now()
    memory.set(file.name, { ...looked, inUseBy: textOfUse(used), lookedAtMs, isImage, isPart: false })
    this.#claim(looked.parts)
    if (record === null) return
    this.present.add(file.name)
    await options.onRecord(withWriters(record, used))
  }

  /** Those of the files to which others may write; a base of many images is asked about once. */
  async #usedOf(paths: readonly string[]): Promise<readonly FileUses[]> {
    const { writers } = this.#parts
    if (writers === null) return []
    const used: FileUses[] = []
    for (const path of new Set(paths)) {
      const asked = this.#asked.get(path) ?? fileState(path).then((state) => writersIn(writers, state))
      this.#asked.set(path, asked)
      const who = await asked
      if (who.length === 0) continue
      used.push({ path, uses: who })
      this.inUse.set(path, describeUses(who))
    }
    return used
  }

  #claim(parts: readonly string[]): void {
    for (const part of parts) this.#claimed.add(part)
  }
}

/** One text that changes when other programs write, or to other files of the image. */
function textOfUse(used: readonly FileUses[]): string {
  return used.map(({ path, uses }) => `${path}: ${describeUses(uses)}`).join('\n')
}

function writersIn(writers: OpenWriters, state: FileState | null): readonly Use[] {
  return state === null ? [] : writers.of(state.stats)
}

/** First what may have parts, last what may be one: a part that is met after its image is never taken for an image. */
function inTurns(files: readonly FoundFile[]): FoundFile[][] {
  const turns: [FoundFile[], FoundFile[], FoundFile[]] = [[], [], []]
  for (const file of files) {
    const mayHaveParts = file.kind === 'bundle' || promisedFormat(file.name) !== null
    turns[mayHaveParts ? 0 : namedAsRaw(file.name) ? 2 : 1].push(file)
  }
  return turns
}

/** Where to watch: the folders of the library, and those of names that its images depend on, found or not. */
async function watchedPlaces(
  walked: readonly string[],
  memory: ScanMemory,
  roots: readonly string[],
): Promise<Pick<ScanOutcome, 'folders' | 'sought'>> {
  const folders = new Set(walked)
  const others = new Set<string>()
  const sought = new Set<string>()
  for (const { dependencies } of memory.values()) {
    for (const folder of foldersOf(dependencies)) if (!folders.has(folder)) others.add(folder)
    for (const { path } of dependencies.names) if (isSkippedName(basename(path))) sought.add(basename(path))
  }
  for (const other of others) {
    const folder = await nearestFolder(other, roots)
    if (folder !== null) folders.add(folder)
  }
  return { folders: [...folders], sought }
}

/** The folder itself, or the nearest one above it that is there; null when that lies outside of all libraries. */
async function nearestFolder(path: string, roots: readonly string[]): Promise<string | null> {
  for (let folder = path; ; folder = dirname(folder)) {
    const real = await realpath(folder).catch(() => null)
    if (real !== null) return roots.some((root) => isBelow(root, real)) ? real : null
    if (dirname(folder) === folder) return null
  }
}

/** Whether other programs write to these files than when they were looked at; only the files themselves are asked. */
export async function writersChanged(
  inUse: ReadonlyMap<string, string>,
  { findWriters }: Pick<ScanPorts, 'findWriters'>,
): Promise<boolean> {
  const writers = await findWriters?.()
  for (const [path, inUseBy] of inUse) {
    const state = await fileState(path)
    if (writers && describeUses(writersIn(writers, state)) !== inUseBy) return true
  }
  return false
}

interface Collected {
  readonly files: FoundFile[]
  readonly folders: string[]
  readonly unopened: ImageRecord[]
  readonly partFiles: string[]
  /** Prefixes of names below folders that could not be read: what was known there stays. */
  readonly unreadable: string[]
}

async function collect(library: Library, signal: AbortSignal, log: Logger): Promise<Collected> {
  const collected: Collected = { files: [], folders: [], unopened: [], partFiles: [], unreadable: [] }
  const mounts = await attachedMounts()
  for await (const found of walkLibrary(library, signal, mounts)) {
    switch (found.kind) {
      case 'folder':
        collected.folders.push(found.path)
        break
      case 'file':
      case 'device':
      case 'bundle':
        collected.files.push(found)
        break
      case 'unreadable-folder': {
        log.warn({ folder: found.path, reason: found.reason }, 'a folder cannot be read')
        const below = found.path.slice(library.root.length + 1)
        collected.unreadable.push(below === '' ? '' : `${below}/`)
        break
      }
      case 'part-file':
        collected.partFiles.push(found.path)
        break
      case 'stray-link':
      case 'unnameable': {
        const record = await unopenedRecord(library, found)
        if (record) collected.unopened.push(record)
        break
      }
    }
  }
  return collected
}

/** By the path of each possible VMDK descriptor in this library: the paths of the parts it names. */
async function findParts(
  files: readonly FoundFile[],
  memory: ScanMemory,
  ports: ImageFiles,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const parts = new Map<string, readonly string[]>()
  await mapLimited(
    files.filter(({ name }) => name.toLowerCase().endsWith('.vmdk')),
    filesAtOnce,
    async ({ name, path }) => {
      const state = await fileState(path)
      if (state === null || !mayBeDescriptor({ name, size: Number(state.stats.size) })) return
      const before = memory.get(name)
      const named = before?.own === state.text ? before.named : await namedParts(ports, path)
      parts.set(
        path,
        named.filter((part) => part !== path),
      )
    },
  )
  return parts
}
