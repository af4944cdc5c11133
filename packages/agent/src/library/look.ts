import { realpath } from 'node:fs/promises'
import type { FormatName } from '@varve/core/image/format-rules'
import type { ImageFiles } from '@varve/core/image/image-files'
import type { ChainLink } from '@varve/core/image/image-report'
import { DiskError, fromErrorRecord, isDiskError } from '@varve/core/problems/disk-error'
import { problemFromError } from '@varve/core/problems/problem'
import type { ImageRecord } from '@varve/protocol/images'
import type { Logger } from '../platform/logger.ts'
import { noDependencies, toDependencies, type Asked, type Dependencies } from './asked.ts'
import { filesOfBundle } from './bundle-files.ts'
import { fileState, type FileState } from './fingerprint.ts'
import type { FormatChoices } from './format-choices.ts'
import { candidacy, formatByName, hasImageName, holdsDisk } from './image-candidates.ts'
import { toRecord } from './image-record.ts'
import type { HowToRead, Inspection } from './inspect-messages.ts'
import { formatsSaid, inspectTold } from './inspect-told.ts'
import type { Library } from './library.ts'
import { fingerprintOf, type Remembered } from './scan-memory.ts'
import { unopenedReport } from './unopened-report.ts'
import type { Found } from './walk.ts'

/** A file, a volume, or a bundle: a folder that is one image. */
export type FoundFile = Extract<Found, { kind: 'file' | 'device' | 'bundle' }>

export interface LookPorts {
  readonly inspect: (path: string, how: HowToRead) => Promise<Inspection>
  readonly files: ImageFiles
  readonly formats: Pick<FormatChoices, 'of' | 'at'>
  readonly log: Logger
}

export interface LookOptions {
  readonly state: FileState
  readonly ports: LookPorts
  readonly signal: AbortSignal
  /** Parts that its own text names, as paths. */
  readonly named: readonly string[]
}

export interface Look extends Pick<
  Remembered,
  'own' | 'dependencies' | 'said' | 'named' | 'parts' | 'chain'
> {
  /** Null: it is not an image. */
  readonly record: ImageRecord | null
}

/** Opens one file and says what it is. */
export async function look(library: Library, file: FoundFile, options: LookOptions): Promise<Look> {
  const { state, ports, signal, named } = options
  const { kind, name, path } = file
  const choice = ports.formats.of(library.name, name)
  const size = Number(state.stats.size)
  const said = choice?.format ?? null
  const alone = { own: state.text, dependencies: noDependencies, said, named, parts: [], chain: [] }
  const nothing: Look = { ...alone, record: null }
  try {
    const isTold = choice?.scope === 'image' && size > 0
    const answer = isTold ? 'yes' : await candidacy(ports.files, { kind, path, name, size })
    if (answer === 'no') return nothing
    const known = await knownParts(file, named)
    const { inspection } = await inspectTold(path, { format: said }, ports)
    const dependencies = toDependencies(withoutOwn([...inspection.asked, ...known], path))
    const seen = { ...alone, dependencies, said: saidOf(said, dependencies, ports.formats) }
    const { outcome } = inspection
    if ('error' in outcome) {
      const error = fromErrorRecord(outcome.error)
      if (signal.aborted) throw error
      if (!isTold && kind === 'file' && !hasImageName(name)) return { ...seen, record: null }
      return unopened(library, { file, state, error }, seen)
    }
    const { report } = outcome
    if (answer === 'if-disk' && !holdsDisk(report)) return { ...seen, record: null }
    const parts = await realPaths([...named, ...inspection.parts], path)
    const chain = filesOfChain(report.chain, { parts, own: path })
    const found = { ...seen, parts, chain }
    const modifiedMs = Number(state.stats.mtimeMs)
    return {
      ...found,
      record: toRecord({ library, name, report, fingerprint: fingerprintOf(found), modifiedMs }),
    }
  } catch (error) {
    if (signal.aborted) throw error
    if (kind === 'file' && !hasImageName(name)) return nothing
    if (!isDiskError(error)) ports.log.error({ file: path, err: error }, 'inspecting failed unexpectedly')
    return unopened(library, { file, state, error: codedError(error, path) }, alone)
  }
}

/** What was said of the formats of a file and of those it needs, as one text that changes with it; null: nothing. */
export function saidOf(
  own: FormatName | null,
  { names }: Pick<Dependencies, 'names'>,
  formats: Pick<FormatChoices, 'at'>,
): string | null {
  const others = formatsSaid(names, formats)
  return others.length === 0 ? own : JSON.stringify([own, ...others])
}

function unopened(
  library: Library,
  { file, state: { stats }, error }: { file: FoundFile; state: FileState; error: DiskError },
  found: Omit<Look, 'record'>,
): Look {
  const { kind, name, path } = file
  const format = file.kind === 'bundle' ? file.format : formatByName(name)
  const fileSize = kind === 'bundle' ? 0 : Number(stats.size)
  const report = unopenedReport({ path, format, fileSize, problem: problemFromError(error) })
  const fingerprint = fingerprintOf(found)
  return {
    ...found,
    record: toRecord({ library, name, report, fingerprint, modifiedMs: Number(stats.mtimeMs) }),
  }
}

function codedError(error: unknown, file: string): DiskError {
  if (isDiskError(error)) return error
  return new DiskError('input-output', {
    file,
    reason: error instanceof Error ? error.message : String(error),
  })
}

/** Parts that the image's own text or folder names, with their states before the image is looked at. */
async function knownParts({ kind, path }: FoundFile, named: readonly string[]): Promise<Asked[]> {
  const paths = kind === 'bundle' ? await filesOfBundle(path) : named
  return Promise.all(paths.map(async (part) => ({ path: part, kind: 'file', state: await fileState(part) })))
}

/** The states without that of the file itself, each name once: of those that are asked twice the first counts. */
function withoutOwn(asked: readonly Asked[], own: string): Asked[] {
  const others = asked.filter(({ path, kind }) => path !== own || kind === 'folder')
  const byName = new Map(others.toReversed().map((name) => [`${name.kind} ${name.path}`, name]))
  return [...byName.values()].toReversed()
}

/** Bundles may have thousands of parts: more are not asked about. */
const mostOfChain = 256

function filesOfChain(
  links: readonly Pick<ChainLink, 'path'>[],
  { parts, own }: { readonly parts: readonly string[]; readonly own: string },
): string[] {
  const files = new Set([...links.map((link) => link.path), ...parts])
  files.delete(own)
  return [...files].slice(0, mostOfChain)
}

/** Where these files really are; what is not there has no part in it. */
async function realPaths(paths: readonly string[], own: string): Promise<string[]> {
  const real = await Promise.all([...new Set(paths)].map((path) => realpath(path).catch(() => null)))
  return real.flatMap((path) => (path === null || path === own ? [] : [path]))
}
