import { DiskError } from '../problems/disk-error.ts'
import type { FileWrite } from './disk-writer.ts'
import type { FormatName } from './format-rules.ts'
import type { ImageFacts } from './image-facts.ts'

/** The image that another one is to name as its parent. */
export interface NewParent {
  /** On this host. */
  readonly path: string
  /** From the folder of the child, with `/`; null: they share no root. */
  readonly relative: string | null
  readonly facts: ImageFacts
  /** When its file was changed last. */
  readonly modifiedMs: number
  /** A UUID that nothing has yet, for formats that mark every change of a file. */
  readonly freshId: string
}

/** What gives an image another parent's name; the guest's bytes stay. */
export interface RepointPlan {
  /** In sentences: what is written. */
  readonly says: readonly string[]
  /** In rising order, not overlapping; they may go past the end of the file. None: it is named so already. */
  readonly writes: readonly FileWrite[]
}

/** The error for a parent that the format cannot name. */
export function notNameable(file: string, reason: string, remedy: string): DiskError {
  return new DiskError('refused', { file, reason: `it cannot name that parent: ${reason}`, remedy })
}

/** Throws `refused` unless child and parent are of one format, as all but qcow2 demand. */
export function assertSameFormat(file: string, child: FormatName, parent: NewParent): void {
  if (parent.facts.format === child) return
  throw notNameable(
    file,
    `a ${child} image stands on ${child} images only, and it is ${parent.facts.format}`,
    `Convert the new parent to ${child} first, or write the image anew with varve convert.`,
  )
}

/** The path in the way in which the old one is written: relative stays relative where that can be. */
export function nameLikeBefore(old: string | undefined, { path, relative }: NewParent): string {
  const isAbsolute = old !== undefined && /^(?:file:|[\\/]|[a-z]:[\\/])/iu.test(old)
  return isAbsolute ? path : (relative ?? path)
}

/** The runs in which `now` differs from `old`, which is as long or shorter, from byte `start` of the file on. */
export function changedRuns(old: Uint8Array, now: Uint8Array, start: number): FileWrite[] {
  const runs: FileWrite[] = []
  for (let at = 0; at < now.length; at += 1) {
    if (old[at] === now[at]) continue
    const first = at
    while (at < now.length && old[at] !== now[at]) at += 1
    runs.push({ at: start + first, bytes: now.slice(first, at) })
  }
  return runs
}
