import type { BigIntStats } from 'node:fs'
import { DiskError } from '@varve/core/problems/disk-error'
import { openInside } from '@varve/engine/files/open-inside'
import { assertNoUse } from '@varve/engine/in-use/find-uses'
import { pieceSize, type SentFile } from '@varve/protocol/file-streams'
import type { JobProgress } from '@varve/protocol/job-progress'
import { findLibrary, resolveImage } from '../library/library-path.ts'
import type { JobHandler } from './job-context.ts'
import { readWhole } from '@varve/engine/files/whole'

/** Brings the bytes of one file to the controller; it fails when the file changes meanwhile, before its last bytes are told. */
export const sendJob: JobHandler<'send'> = async (request, { ports, signal, onProgress }) => {
  const { streams } = ports
  const { stream } = request
  const library = findLibrary(ports.libraries, request.library)
  const path = await resolveImage(library, request.name)
  await using file = await openInside(path, [library.root])
  const before = await file.stat({ bigint: true })
  if (!before.isFile())
    throw new DiskError('refused', {
      file: path,
      reason: 'it is not one file',
      remedy: 'Convert it to a format of one file, and download that.',
    })
  if (request.inUse !== 'accept') await assertNoUse([{ path }], { find: ports.findWriters })
  const wanted = await streams.offer(stream, sentFile(before), signal)
  if (wanted === 'closed') return { kind: 'send', bytes: 0 }
  const { start, end } = wanted
  const buffer = new Uint8Array(pieceSize)
  let at = start
  while (at < end) {
    const length = await readWhole(file, buffer.subarray(0, Math.min(pieceSize, end - at)), at)
    if (length === 0) throw changed(path, 'it became shorter')
    if (at + length >= end) assertSame(before, await file.stat({ bigint: true }), path)
    const bytes = buffer.subarray(0, length)
    if ((await streams.bring(stream, { at, bytes }, signal)) === 'closed') break
    at += length
    onProgress({ ...noRate, done: at - start, total: end - start })
  }
  return { kind: 'send', bytes: at - start }
}

export const noRate: Omit<JobProgress, 'done' | 'total'> = {
  unit: 'bytes',
  seconds: null,
  skipped: null,
  rate: null,
  limitedBy: null,
  chunkMap: null,
}

function sentFile({ size, mtimeMs, mtimeNs, ino }: BigIntStats): SentFile {
  return {
    size: Number(size),
    modifiedAt: new Date(Number(mtimeMs)).toISOString(),
    tag: [ino, size, mtimeNs].map((value) => value.toString(36)).join('-'),
  }
}

function assertSame(before: BigIntStats, now: BigIntStats, path: string): void {
  if (before.size !== now.size) throw changed(path, 'its size')
  if (before.mtimeNs !== now.mtimeNs) throw changed(path, 'it was written to')
}

function changed(path: string, change: string): DiskError {
  return new DiskError('source-changed', { file: path, change })
}
