import type { BufferPool } from '../connection/buffer-pool.ts'
import { allocationContextId } from '../handshake/server-handshake.ts'
import type { NbdExport } from '../nbd-export.ts'
import { encodeBlockStatus, maxBlocksPerReply } from './block-status.ts'
import { NbdRequestError } from './errno.ts'
import { dataBytes, planRead } from './read-plan.ts'
import type { ReadPiece } from './read-plan.ts'
import { encodeReadReply, encodeStatusReply, encodeSuccess } from './replies.ts'
import type { NbdRequest } from './validate-request.ts'

/** What executing a request needs. */
export interface Execution {
  readonly exported: NbdExport
  readonly hasStructuredReplies: boolean
  readonly pool: BufferPool
  readonly signal: AbortSignal
  /** The payload of a write. */
  readonly payload: Uint8Array | null
}

/** The parts of a reply, and the memory to give back when they are sent. */
export interface Reply {
  readonly parts: readonly Uint8Array[]
  readonly lent: Uint8Array | null
}

/** Does what a validated request asks. */
export async function executeRequest(request: NbdRequest, execution: Execution): Promise<Reply> {
  switch (request.command) {
    case 'read':
      return read(request, execution)
    case 'block-status':
      return blockStatus(request, execution)
    case 'write':
    case 'flush':
      await write(request, execution)
      return { parts: [encodeSuccess(request.cookie)], lent: null }
  }
}

async function read(request: NbdRequest, execution: Execution): Promise<Reply> {
  const { exported, hasStructuredReplies, pool, signal } = execution
  const { cookie, offset, length } = request
  const whole: readonly ReadPiece[] = [{ content: 'data', offset, length }]
  const pieces =
    request.dontFragment || !hasStructuredReplies
      ? whole
      : await planRead(exported.extents({ start: offset, end: offset + length }, { signal }), offset, length)
  const size = dataBytes(pieces)
  if (size === 0) return { parts: encodeReadReply(cookie, pieces, () => new Uint8Array(0)), lent: null }
  const lent = await pool.take(size, signal)
  try {
    const data = await readPieces(pieces, lent, execution)
    const parts = hasStructuredReplies
      ? encodeReadReply(cookie, pieces, (piece) => data.get(piece) ?? new Uint8Array(0))
      : [encodeSuccess(cookie), lent.subarray(0, length)]
    return { parts, lent }
  } catch (error) {
    pool.give(lent)
    throw error
  }
}

/** Reads the data pieces one after the other into `memory`. */
async function readPieces(
  pieces: readonly ReadPiece[],
  memory: Uint8Array,
  { exported, signal }: Execution,
): Promise<Map<ReadPiece, Uint8Array>> {
  const data = new Map<ReadPiece, Uint8Array>()
  let at = 0
  for (const piece of pieces) {
    if (piece.content === 'hole') continue
    const target = memory.subarray(at, at + piece.length)
    await exported.readInto(target, piece.offset, { signal })
    data.set(piece, target)
    at += piece.length
  }
  return data
}

async function blockStatus(request: NbdRequest, { exported, signal }: Execution): Promise<Reply> {
  const range = { start: request.offset, end: request.offset + request.length }
  const limit = request.onlyFirst ? 1 : maxBlocksPerReply
  const payload = await encodeBlockStatus(allocationContextId, exported.extents(range, { signal }), limit)
  if (payload === null) throw new NbdRequestError('EIO', 'the export told no extents')
  return { parts: encodeStatusReply(request.cookie, payload), lent: null }
}

async function write(request: NbdRequest, { exported, payload }: Execution): Promise<void> {
  const { writer } = exported
  if (writer === null) throw new NbdRequestError('EPERM')
  if (payload) await writer.write(payload, request.offset)
  if (request.isForced || request.command === 'flush') await writer.flush()
}
