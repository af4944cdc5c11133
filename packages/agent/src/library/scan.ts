import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describeContents } from '@varve/core/layers/describe-contents'
import type { ImageReport } from '@varve/core/layers/image-report'
import { stripOf } from '@varve/core/layers/shares'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { problemFromError } from '@varve/core/problems/problem'
import type { ImageFiles } from '@varve/core/formats/image-files'
import { inUseProblem } from '@varve/engine/in-use/in-use-problem'
import { describeWriters } from '@varve/engine/in-use/writers'
import { ImageRecord } from '@varve/protocol/images'
import { toImageReportView } from '@varve/protocol/reports'
import type { Logger } from '../platform/logger.ts'
import type { OpenWriters, Writer } from '../platform/platform.ts'
import { fileState, joinStates, type FileState } from './fingerprint.ts'
import { filesOfBundle } from './bundle-files.ts'
import { candidacy, formatByName, hasImageName, holdsDisk } from './image-candidates.ts'
import type { Library } from './library.ts'
import { mapLimited } from './map-limited.ts'
import { unopenedReport } from './unopened-report.ts'
import { mayBeDescriptor, namedParts } from './vmdk-parts.ts'
import { walkLibrary, type Found } from './walk.ts'

/** Files looked at at once; each has its chain open meanwhile. */
const filesAtOnce = 8
/** A file that somebody writes to is looked at again after so long, however often it changes. */
const changingMs = 30_000

/**
 * What the last look at a file found; valid as long as none of the files it depends on changes. Reports are not kept:
 * they go to the controller, and thousands of them would fill the memory.
 */
interface Remembered {
  readonly fingerprint: string
  /** Who wrote to it, in words; empty: nobody. */
  readonly inUseBy: string
  readonly lookedAtMs: number
  /** The file itself first, then what its report also depends on: its chain and its parts. */
  readonly paths: readonly string[]
  readonly isImage: boolean
  readonly parts: readonly string[]
}

/** What is kept in memory between the scans of one library, by name. */
export type ScanMemory = Map<string, Remembered>

export interface ScanPorts {
  readonly inspect: (path: string) => Promise<ImageReport>
  readonly files: ImageFiles
  readonly findWriters: (() => Promise<OpenWriters>) | null
  readonly log: Logger
}

export interface ScanOptions {
  readonly signal: AbortSignal
  /** Called for each image that is new or changed; the scan waits for it. */
  readonly onRecord: (record: ImageRecord) => Promise<void>
}

export interface ScanOutcome {
  /** Names of all images that are there. */
  readonly present: readonly string[]
  readonly folders: readonly string[]
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
  const { signal, onRecord } = options
  const { log } = ports
  const found = await collect(library, signal, log)
  const partsOf = await findParts(found.files, memory, ports.files)
  const parts = new Set([...partsOf.values()].flat())
  const writers = await ports.findWriters?.()
  const present: string[] = []
  let inspected = 0
  let isBehind = false
  const inUse = new Map<string, string>()

  await mapLimited(found.files, filesAtOnce, async (file) => {
    signal.throwIfAborted()
    if (parts.has(file.path)) {
      memory.delete(file.name)
      return
    }
    const state = await fileState(file.path)
    if (state === null) return
    const who = writers?.of(state.stats) ?? []
    const inUseBy = describeWriters(who)
    if (who.length > 0) inUse.set(file.path, inUseBy)
    const before = memory.get(file.name)
    const standing = before ? await standingOf(before, state, inUseBy) : 'changed'
    if (standing === 'changing') isBehind = true
    if (before && standing !== 'changed') {
      if (before.isImage) present.push(file.name)
      return
    }
    inspected += 1
    const { record, ...looked } = await look(library, file, {
      state,
      ports,
      signal,
      parts: file.kind === 'bundle' ? await filesOfBundle(file.path) : (partsOf.get(file.path) ?? []),
    })
    memory.set(file.name, { ...looked, inUseBy, lookedAtMs: performance.now(), isImage: record !== null })
    if (record === null) return
    present.push(file.name)
    await onRecord(withWriters(record, who))
  })

  for (const record of found.unopened) {
    const { name, fingerprint } = record
    present.push(name)
    if (memory.get(name)?.fingerprint === fingerprint) continue
    memory.set(name, { fingerprint, inUseBy: '', lookedAtMs: 0, paths: [], isImage: true, parts: [] })
    await onRecord(record)
  }
  for (const [name, { isImage }] of memory) {
    if (isImage && found.unreadable.some((prefix) => name.startsWith(prefix))) present.push(name)
  }
  const all = new Set(present)
  const seen = new Set(found.files.map(({ name }) => name))
  for (const name of memory.keys()) if (!all.has(name) && !seen.has(name)) memory.delete(name)
  const { folders, partFiles } = found
  return { present: [...all], folders, inspected, partFiles, isBehind, inUse }
}

/** Whether other programs write to these files than when they were looked at; only the files themselves are asked. */
export async function writersChanged(
  inUse: ReadonlyMap<string, string>,
  { findWriters }: Pick<ScanPorts, 'findWriters'>,
): Promise<boolean> {
  const writers = await findWriters?.()
  for (const [path, inUseBy] of inUse) {
    const state = await fileState(path)
    if (state === null || describeWriters(writers?.of(state.stats) ?? []) !== inUseBy) return true
  }
  return false
}

/** Whether what is remembered still holds; `changing`: not quite, but somebody writes to it and it was seen lately. */
async function standingOf(
  before: Remembered,
  state: FileState,
  inUseBy: string,
): Promise<'same' | 'changing' | 'changed'> {
  if (before.inUseBy !== inUseBy) return 'changed'
  if (before.fingerprint === joinStates([state, ...(await otherStates(before.paths))])) return 'same'
  return inUseBy !== '' && performance.now() - before.lookedAtMs < changingMs ? 'changing' : 'changed'
}

/** A file, or a bundle: a folder that is one image. */
type FoundFile = Extract<Found, { kind: 'file' | 'bundle' }>

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
  for await (const found of walkLibrary(library, signal)) {
    switch (found.kind) {
      case 'folder':
        collected.folders.push(found.path)
        break
      case 'file':
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

type NotOpened = Extract<Found, { kind: 'stray-link' | 'unnameable' }>

/** The record of something that is listed but not opened; null for links that do not look like an image. */
async function unopenedRecord(library: Library, found: NotOpened): Promise<ImageRecord | null> {
  if (found.kind === 'stray-link' && !hasImageName(found.name)) return null
  const path = found.kind === 'unnameable' ? join(library.root, found.name) : found.path
  const place = found.kind === 'unnameable' ? unnameablePath(found) : found.path
  const stats = found.kind === 'stray-link' ? null : await stat(place).catch(() => null)
  return toRecord({
    library,
    name: found.name,
    report: unopenedReport({
      path,
      format: 'raw',
      fileSize: found.kind === 'unnameable' ? (stats?.size ?? 0) : 0,
      problem: problemFromError(reasonNotOpened(library, found, path)),
    }),
    fingerprint: `${found.kind}:${stats?.size ?? 0}:${stats?.mtimeMs ?? 0}`,
    modifiedMs: stats?.mtimeMs ?? 0,
  })
}

function unnameablePath({ parent, bytes }: Extract<Found, { kind: 'unnameable' }>): Buffer {
  return Buffer.concat([Buffer.from(`${parent}/`), bytes])
}

function reasonNotOpened(library: Library, found: NotOpened, file: string): DiskError {
  switch (found.kind) {
    case 'unnameable':
      return new DiskError('name-not-utf8', { file })
    case 'stray-link':
      return found.target === null
        ? new DiskError('not-readable', { file, reason: 'it is a symlink that leads nowhere' })
        : new DiskError('outside-library', { file, library: library.name })
  }
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
      const isSame =
        before && before.fingerprint === joinStates([state, ...(await otherStates(before.paths))])
      const named = isSame ? before.parts : await namedParts(ports, path)
      parts.set(
        path,
        named.filter((part) => part !== path),
      )
    },
  )
  return parts
}

async function otherStates(paths: readonly string[]): Promise<(FileState | null)[]> {
  return Promise.all(paths.slice(1).map(fileState))
}

interface LookOptions {
  readonly state: FileState
  readonly ports: ScanPorts
  readonly signal: AbortSignal
  readonly parts: readonly string[]
}

interface Look extends Pick<Remembered, 'fingerprint' | 'paths' | 'parts'> {
  /** Null: it is not an image. */
  readonly record: ImageRecord | null
}

/** Opens one file and says what it is. */
async function look(library: Library, file: FoundFile, options: LookOptions): Promise<Look> {
  const { state, ports, signal, parts } = options
  const { kind, name, path } = file
  const size = Number(state.stats.size)
  const modifiedMs = Number(state.stats.mtimeMs)
  const alone = { fingerprint: joinStates([state]), paths: [path], parts: [] }
  try {
    const answer = await candidacy(ports.files, { kind, path, name, size })
    if (answer === 'no') return { ...alone, record: null }
    const report = await ports.inspect(path)
    if (answer === 'if-disk' && !holdsDisk(report)) return { ...alone, record: null }
    const others = [...new Set([...report.chain.map((link) => link.path), ...parts])]
    const paths = [path, ...others.filter((other) => other !== path)]
    const fingerprint = joinStates([state, ...(await otherStates(paths))])
    return { fingerprint, paths, parts, record: toRecord({ library, name, report, fingerprint, modifiedMs }) }
  } catch (error) {
    if (signal.aborted) throw error
    if (!hasImageName(name)) return { ...alone, record: null }
    const coded = isDiskError(error)
      ? error
      : new DiskError('input-output', {
          file: path,
          reason: error instanceof Error ? error.message : String(error),
        })
    if (!isDiskError(error)) ports.log.error({ file: path, err: error }, 'inspecting failed unexpectedly')
    const report = unopenedReport({
      path,
      format: formatByName(name),
      fileSize: size,
      problem: problemFromError(coded),
    })
    return {
      ...alone,
      record: toRecord({ library, name, report, fingerprint: alone.fingerprint, modifiedMs }),
    }
  }
}

interface RecordParts {
  readonly library: Library
  readonly name: string
  readonly report: ImageReport
  readonly fingerprint: string
  readonly modifiedMs: number
}

/** The wire form; a report that the wire does not take is replaced by one that says so. */
export function toRecord({ library, name, report, fingerprint, modifiedMs }: RecordParts): ImageRecord {
  const record = {
    library: library.name,
    name,
    report: toImageReportView(report),
    contents: report.guest ? describeContents(report.guest) : '',
    strip: report.allocation ? stripOf(report.allocation) : null,
    modifiedAt: new Date(Math.min(Math.max(0, modifiedMs), maxTime)).toISOString(),
    fingerprint,
  }
  const checked = ImageRecord.safeParse(record)
  if (checked.success) return record
  const [issue] = checked.error.issues
  const problem = problemFromError(
    new DiskError('limit-exceeded', {
      file: report.path,
      what: `its report (${issue?.path.join('.') ?? ''})`,
      value: issue?.message ?? 'too large',
      limit: 'what Varve sends',
    }),
  )
  const { path, format, fileSize } = report
  const short = unopenedReport({ path, format, fileSize, problem })
  return { ...record, report: toImageReportView(short), contents: '', strip: null }
}

/** The last moment of the year 9999: later ones have no ISO form that the wire takes. */
const maxTime = Date.UTC(9999, 11, 31, 23, 59, 59)

/** The record with the finding of who writes to it. */
function withWriters(record: ImageRecord, who: readonly Writer[]): ImageRecord {
  if (who.length === 0) return record
  const problems = [...record.report.problems, inUseProblem(record.report.path, who)]
  return { ...record, report: { ...record.report, problems } }
}
