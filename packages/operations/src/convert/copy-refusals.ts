import { bundleFile, isSplit, type WritableFormat } from '@varve/core/formats/writable-formats'
import { formatRules } from '@varve/core/image/format-rules'
import { sizeFault } from '@varve/core/formats/writable-sizes'
import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import type { SourceFacts, TargetState } from './facts.ts'
import type { Copy } from './targets.ts'

interface Kind {
  readonly format: WritableFormat
  readonly subformat: string | null
}

interface NewTarget extends Kind {
  readonly existing: 'refuse' | 'replace'
  readonly state: TargetState
}

/** Why a new image cannot get the name `target`; null: it can. */
export function targetRefusal(target: string, { state, existing, ...kind }: NewTarget): DiskError | null {
  switch (state) {
    case 'free':
      return null
    case 'no-folder':
      return new DiskError('folder-missing', { file: target, folder: folderOf(target) })
    case 'source':
    case 'part':
      return new DiskError('same-file', { file: target, role: state })
    case 'file':
    case 'other': {
      if (existing === 'refuse') return new DiskError('target-exists', { file: target })
      if (state === 'other')
        return new DiskError('not-writable', { file: target, reason: 'it is not a regular file' })
      return isSeveralFiles(kind) ? cannotReplace(target) : null
    }
  }
}

function isSeveralFiles({ format, subformat }: Kind): boolean {
  return isSplit(format, subformat) || bundleFile(format, subformat) !== null
}

/** Who had the file by its name would find a mixture of both for a moment. */
function cannotReplace(file: string): DiskError {
  const reason = 'an image of several files cannot be replaced in one step'
  return new DiskError('refused', { file, reason, remedy: 'Remove the old image and its parts first.' })
}

/** Two new images of one name. */
export function sameNames(copies: readonly Copy[]): Problem[] {
  const seen = new Map<string, Copy>()
  return copies.flatMap((copy) => {
    const first = seen.get(copy.target)
    seen.set(copy.target, copy)
    if (!first) return []
    const reason = `both ${JSON.stringify(first.source.path)} and ${JSON.stringify(copy.source.path)} would get this name`
    const remedy = 'Convert one of them by itself, to another name.'
    return [problemFromError(new DiskError('refused', { file: copy.target, reason, remedy }))]
  })
}

/** Why a disk of that size is none of the format; null: it can be. */
export function sizeRefusal(
  { address, report: { virtualSize } }: SourceFacts,
  { target, format, subformat }: Kind & { readonly target: string },
): DiskError | null {
  if (virtualSize === null || address.reading.rescue === true || address.reading.snapshot !== undefined)
    return null
  const reason = sizeFault(format, { virtualSize, subformat })
  return reason === null
    ? null
    : new DiskError('size-unsupported', {
        file: target,
        format: formatRules[format].label,
        size: virtualSize,
        reason,
      })
}

function folderOf(path: string): string {
  return path.replace(/[/\\][^/\\]*$/u, '') || '/'
}
