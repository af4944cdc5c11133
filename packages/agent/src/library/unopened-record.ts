import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError } from '@varve/core/problems/problem'
import type { ImageRecord } from '@varve/protocol/images'
import { hasImageName } from './image-candidates.ts'
import { toRecord } from './image-record.ts'
import type { Library } from './library.ts'
import { unopenedReport } from './unopened-report.ts'
import type { Found } from './walk.ts'

export type NotOpened = Extract<Found, { kind: 'stray-link' | 'unnameable' }>

/** The record of something that is listed but not opened; null for links that do not look like an image. */
export async function unopenedRecord(library: Library, found: NotOpened): Promise<ImageRecord | null> {
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
