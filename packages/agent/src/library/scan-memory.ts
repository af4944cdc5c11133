import { dependenciesNow, type Dependencies } from './asked.ts'
import type { FileState } from './fingerprint.ts'
import { hashLines } from './fingerprint.ts'

/** A file that somebody writes to is looked at again after so long, however often it changes. */
const changingMs = 30_000

/**
 * What the last look at a file found; valid as long as none of the names it depends on changes. Reports are not kept:
 * they go to the controller, and thousands of them would fill the memory.
 */
export interface Remembered {
  /** The state of the file itself. */
  readonly own: string
  /** Everything else that its report says something of: its chain, its parts, and names that were not there. */
  readonly dependencies: Dependencies
  /** The formats that somebody said of it and of what it needs. */
  readonly said: string | null
  /** The files it is read from besides its own: who writes to one of them writes to it. */
  readonly chain: readonly string[]
  /** Who wrote to it, in words; empty: nobody. */
  readonly inUseBy: string
  readonly lookedAtMs: number
  readonly isImage: boolean
  /** Parts that its own text names. */
  readonly named: readonly string[]
  /** Files that hold its bytes, as real paths. */
  readonly parts: readonly string[]
  /** It holds bytes of another image. */
  readonly isPart: boolean
}

/** What is kept in memory between the scans of one library, by name. */
export type ScanMemory = Map<string, Remembered>

/** The file as a scan meets it. */
export interface Met {
  readonly state: Pick<FileState, 'text'>
  readonly inUseBy: string
  readonly said: string | null
}

/** Whether what is remembered still holds; `changing`: not quite, but somebody writes to it and it was seen lately. */
export async function standingOf(before: Remembered, met: Met): Promise<'same' | 'changing' | 'changed'> {
  if (before.inUseBy !== met.inUseBy || before.said !== met.said) return 'changed'
  const now = await dependenciesNow(before.dependencies)
  if (now.identities !== before.dependencies.identities) return 'changed'
  if (before.own === met.state.text && now.contents === before.dependencies.contents) return 'same'
  return met.inUseBy !== '' && performance.now() - before.lookedAtMs < changingMs ? 'changing' : 'changed'
}

/** One text that changes when the file or anything it depends on does, or its format is said to be another. */
export function fingerprintOf({
  own,
  dependencies,
  said,
}: Pick<Remembered, 'own' | 'dependencies' | 'said'>): string {
  return hashLines([own, dependencies.contents, said ?? ''])
}
