import type { FileWrite } from './disk-writer.ts'
import type { ParentImage } from './parent-image.ts'

/** The image that another one is to name as its parent. */
export interface NewParent extends ParentImage {
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
