import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, statfs, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isZero } from '@varve/core/binary/zero-scan'
import { DiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import { hostFileRanges } from '@varve/engine/file-ranges/host-file-ranges'
import { writeError } from '@varve/engine/system/system-error'
import { stagedPath } from '@varve/engine/files/staged-name'
import { pieceSize, type Received } from '@varve/protocol/file-streams'
import type { JobRequestOf, JobResultOf } from '@varve/protocol/jobs'
import type { Piece } from '../streams/stream-client.ts'
import type { JobHandler } from './job-context.ts'
import { assertFree, pullTarget, withHeld, type PullTarget } from './pull-target.ts'
import { noRate } from './send.ts'
import { writeWhole } from '@varve/engine/files/whole'

/** An upload of which nothing comes for so many questions, of ten seconds each, is left alone: its browser begins again. */
const mostQuestions = 6

/**
 * Writes what is uploaded into a hidden file beside its place, from where it ended before. It is no image until a run has proven it
 * and given it its name.
 */
export const receiveJob: JobHandler<'receive'> = async (request, context) => {
  const { ports } = context
  const { target } = request
  const place = pullTarget(ports, target)
  return await withHeld(place, async (held) => receiveAt(held, { place, request, context }))
}

type Done = JobResultOf<'receive'>

interface Receiving {
  readonly place: PullTarget
  readonly request: JobRequestOf<'receive'>
  readonly context: Parameters<typeof receiveJob>[1]
}

/** `held`: the path of the image by which its folder stays the one that was judged. */
async function receiveAt(held: string, { place, request, context }: Receiving): Promise<Done> {
  const { ports } = context
  const { upload, size, stream } = request
  using claim = ports.uploads.claim(place.finalPath, upload)
  const signal = AbortSignal.any([context.signal, claim.signal])
  await assertFree({ ...place, finalPath: held }, null)
  await using file = await openToWrite(stagedPath(held, upload), held)
  let received = await begin(file, size, held)
  let error: Received['error'] = null
  context.onProgress({ ...noRate, done: received, total: size })
  for (let questions = 0; questions < mostQuestions; questions += 1) {
    const piece = await ports.streams.fetch(stream, { received, error }, signal)
    if (piece === 'closed') break
    context.onProgress({ ...noRate, done: received, total: size })
    if (piece === null) continue
    questions = 0
    try {
      received = await take(file, piece, { received, size, path: place.finalPath })
      error = null
    } catch (failure) {
      error = toErrorRecord(failure, place.finalPath)
    }
  }
  await file.sync().catch((failure: unknown) => {
    throw writeError(failure, place.finalPath)
  })
  return { kind: 'receive', received }
}

async function openToWrite(hidden: string, path: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(hidden, flags, 0o666).catch((error: unknown) => {
    throw writeError(error, path)
  })
  if ((await file.stat()).isFile()) {
    hostFileRanges().keepHoles(file.fd, path)
    return file
  }
  await file.close()
  throw new DiskError('not-writable', {
    file: path,
    reason: 'something else has the name of its hidden file',
  })
}

/** How much of the file is there, in whole pieces; throws `no-space` when there is no room for the rest. */
async function begin(file: FileHandle, size: number, path: string): Promise<number> {
  const { size: there } = await file.stat()
  const kept = there === size ? size : there > size ? 0 : there - (there % pieceSize)
  const { bavail, bsize } = await statfs(dirname(path))
  const available = bavail * bsize
  const wanted = size - kept
  if (kept < size && wanted > available) throw new DiskError('no-space', { file: path, wanted, available })
  if (kept !== there) await file.truncate(kept)
  return kept
}

interface Progress {
  readonly received: number
  readonly size: number
  readonly path: string
}

/** Writes one piece, zeros as a hole; gives how much is there now. */
async function take(file: FileHandle, piece: Piece, { received, size, path }: Progress): Promise<number> {
  const { at, bytes, sha256 } = piece
  const end = at + bytes.length
  if (at !== received || bytes.length === 0 || end > size || (bytes.length % pieceSize !== 0 && end !== size))
    throw new DiskError('invalid-request', {
      file: path,
      reason: `a piece of ${bytes.length} bytes at ${at} does not follow on ${received} of ${size}`,
    })
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sha256)
    throw new DiskError('digest-mismatch', { file: path, expected: sha256, found, chunk: at / pieceSize })
  try {
    if (isZero(bytes)) await file.truncate(end)
    else await writeWhole(file, bytes, at)
  } catch (error) {
    throw writeError(error, path)
  }
  return end
}
