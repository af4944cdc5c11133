import { DiskError } from '../problems/disk-error.ts'
import type { FormatName } from './format-rules.ts'
import type { ImageFacts } from './image-facts.ts'

/** An image that another one names as its parent. */
export interface ParentImage {
  /** On this host. */
  readonly path: string
  /** From the folder of the child, with `/`; null: they share no root. */
  readonly relative: string | null
  readonly facts: ImageFacts
  /** When its file was changed last. */
  readonly modifiedMs: number
}

/** The error for a parent that the format cannot name. */
export function notNameable(file: string, reason: string, remedy: string): DiskError {
  return new DiskError('refused', { file, reason: `it cannot name that parent: ${reason}`, remedy })
}

/** Throws `refused` unless child and parent are of one format, as all but qcow2 demand. */
export function assertSameFormat(file: string, child: FormatName, parent: Pick<ParentImage, 'facts'>): void {
  if (parent.facts.format === child) return
  throw notNameable(
    file,
    `a ${child} image stands on ${child} images only, and it is ${parent.facts.format}`,
    `Convert the new parent to ${child} first, or write the image anew with varve convert.`,
  )
}

/** Throws `refused` for a path that programs would take apart at its backslashes. */
export function assertPlainPath(file: string, { path }: Pick<ParentImage, 'path'>): void {
  if (!path.includes('\\') || !path.startsWith('/')) return
  throw notNameable(file, 'its path has a backslash, which separates folders there', 'Rename the new parent.')
}
