import type { ByteInput } from './connection/byte-input.ts'
import { chunkDone, chunkTypes, firstErrorChunk, magics } from './messages/numbers.ts'
import {
  chunkHeader,
  errorChunk,
  offsetData,
  offsetHole,
  simpleReply,
} from './messages/transmission-messages.ts'
import type { ChunkHeader } from './messages/transmission-messages.ts'
import { peerText } from './messages/wire-text.ts'
import type { PendingRead, PendingRequest, PendingStatus } from './client-requests.ts'
import {
  BlockStatusDecoder,
  blocksIn,
  contextOf,
  maxStatusPayload,
  statusHeaderSize,
} from './transmission/block-status.ts'
import { describeErrno } from './transmission/errno.ts'

/** The server broke the protocol: nothing that follows on the connection can be understood. */
export class ProtocolBroken extends Error {
  override readonly name = 'ProtocolBroken'
}

/** The server refused one request; the connection goes on. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused'
}

/** What the reply loop works on. */
export interface ReplyContext {
  readonly input: ByteInput
  readonly pending: ReadonlyMap<bigint, PendingRequest>
  readonly hasStructuredReplies: boolean
  readonly allocationContextId: number | null
  /** The reply of the request has ended, well or with its `error`. */
  readonly finish: (cookie: bigint) => void
}

/** Bytes of a block status that are looked at at a time: whole blocks. */
const statusPiece = 64 * 1024

/** Bytes of an error chunk: its text is at most 4096. */
const maxErrorPayload = 8192

/** Chunks without data that one reply may have before it counts as endless. */
const maxEmptyChunks = 16

/** Takes in replies until the stream ends or breaks the protocol; always throws in the end. */
export async function receiveReplies(context: ReplyContext): Promise<never> {
  const { input } = context
  const bytes = new Uint8Array(chunkHeader.size)
  const start = bytes.subarray(0, simpleReply.size)
  for (;;) {
    await input.fill(start)
    const magic = simpleReply.read(bytes, peer).magic
    if (magic === magics.simpleReply) {
      await receiveSimple(context, bytes)
      continue
    }
    if (magic !== magics.structuredReply) throw new ProtocolBroken('a reply has a wrong magic number')
    if (!context.hasStructuredReplies) throw new ProtocolBroken('a structured reply that was not agreed on')
    await input.fill(bytes.subarray(simpleReply.size))
    await receiveChunk(context, chunkHeader.read(bytes, peer))
  }
}

async function receiveSimple(context: ReplyContext, bytes: Uint8Array): Promise<void> {
  const { error, cookie } = simpleReply.read(bytes, peer)
  const request = requestOf(context, cookie)
  if (error !== 0) {
    request.error = new RequestRefused(`the server answered ${describeErrno(error)}`)
    context.finish(cookie)
    return
  }
  const isDue = request.kind === 'read' || request.kind === 'block-status'
  if (request.kind === 'block-status' || (isDue && context.hasStructuredReplies)) {
    throw new ProtocolBroken('a simple reply where a structured one is due')
  }
  if (request.kind !== 'read') return context.finish(cookie)
  await receiveData(context.input, request, { offset: request.offset, length: request.length })
  context.finish(cookie)
}

async function receiveChunk(context: ReplyContext, chunk: ChunkHeader): Promise<void> {
  const request = requestOf(context, chunk.cookie)
  const isDone = (chunk.flags & chunkDone) !== 0
  if (chunk.type >= firstErrorChunk) await receiveError(context.input, request, chunk)
  else if (request.kind === 'read') await receiveReadChunk(context.input, request, chunk)
  else if (request.kind === 'block-status') await receiveStatusChunk(context, request, chunk)
  else if (chunk.type === chunkTypes.none) receiveNone(request, chunk)
  else throw new ProtocolBroken(`a chunk of type ${chunk.type} in the answer to a ${request.kind}`)
  if (!isDone) return
  if (request.error === null && !isAnswered(request)) {
    throw new ProtocolBroken('the server ended a reply before all of it was sent')
  }
  context.finish(chunk.cookie)
}

async function receiveReadChunk(input: ByteInput, request: PendingRead, chunk: ChunkHeader): Promise<void> {
  switch (chunk.type) {
    case chunkTypes.none:
      return receiveNone(request, chunk)
    case chunkTypes.offsetData: {
      const length = chunk.length - offsetData.size
      if (length <= 0) throw new ProtocolBroken('a data chunk without data')
      const { offset } = offsetData.read(await take(input, offsetData.size), peer)
      cover(request, offset, length)
      return receiveData(input, request, { offset, length })
    }
    case chunkTypes.offsetHole: {
      if (chunk.length !== offsetHole.size) throw new ProtocolBroken('a hole chunk of wrong length')
      const { offset, length } = offsetHole.read(await take(input, offsetHole.size), peer)
      cover(request, offset, length)
      if (!request.isAbandoned)
        request.target.fill(0, offset - request.offset, offset - request.offset + length)
      return
    }
    default:
      throw new ProtocolBroken(`a chunk of type ${chunk.type} in the answer to a read`)
  }
}

async function receiveStatusChunk(
  context: ReplyContext,
  request: PendingStatus,
  chunk: ChunkHeader,
): Promise<void> {
  if (chunk.type === chunkTypes.none) return receiveNone(request, chunk)
  if (chunk.type !== chunkTypes.blockStatus || request.extents || context.allocationContextId === null) {
    throw new ProtocolBroken('a chunk that does not fit a block status request')
  }
  if (chunk.length > maxStatusPayload) throw new ProtocolBroken(`a block status of ${chunk.length} bytes`)
  const count = blocksIn(chunk.length)
  const isOfContext =
    count !== null && contextOf(await take(context.input, statusHeaderSize)) === context.allocationContextId
  if (!isOfContext) throw new ProtocolBroken('a malformed block status')
  const decoder = new BlockStatusDecoder(
    { start: request.offset, end: request.offset + request.length },
    count,
  )
  const piece = new Uint8Array(Math.min(chunk.length - statusHeaderSize, statusPiece))
  for (let left = chunk.length - statusHeaderSize; left > 0; left -= piece.length) {
    const part = piece.subarray(0, Math.min(left, piece.length))
    await context.input.fill(part)
    if (!decoder.add(part)) throw new ProtocolBroken('a malformed block status')
  }
  request.extents = decoder.extents()
}

async function receiveError(input: ByteInput, request: PendingRequest, chunk: ChunkHeader): Promise<void> {
  if (chunk.length < errorChunk.size || chunk.length > maxErrorPayload) {
    throw new ProtocolBroken('an error chunk of wrong length')
  }
  countEmpty(request)
  const payload = await take(input, chunk.length)
  const { error, messageLength } = errorChunk.read(payload, peer)
  const end = errorChunk.size + messageLength
  if (error === 0 || end > payload.length) throw new ProtocolBroken('a malformed error chunk')
  const text = peerText(payload.subarray(errorChunk.size, end))
  request.error ??= new RequestRefused(
    `the server answered ${describeErrno(error)}${text === '' ? '' : `: ${text}`}`,
  )
}

function receiveNone(request: PendingRequest, chunk: ChunkHeader): void {
  countEmpty(request)
  if (chunk.length !== 0 || (chunk.flags & chunkDone) === 0)
    throw new ProtocolBroken('a malformed empty chunk')
}

/** Straight into the caller's memory, or into a scratch when the caller has gone. */
async function receiveData(
  input: ByteInput,
  request: PendingRead,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<void> {
  if (request.isAbandoned) {
    const scratch = new Uint8Array(Math.min(length, 64 * 1024))
    for (let left = length; left > 0; left -= scratch.length) {
      await input.fill(scratch.subarray(0, Math.min(left, scratch.length)))
    }
    return
  }
  const at = offset - request.offset
  request.isArriving = true
  await input.fill(request.target.subarray(at, at + length))
  request.isArriving = false
}

function cover(request: PendingRead, offset: number, length: number): void {
  const wrong = request.coverage.add(offset, length)
  if (wrong !== null) throw new ProtocolBroken(`the server sent ${wrong}`)
}

function countEmpty(request: PendingRequest): void {
  request.emptyChunks += 1
  if (request.emptyChunks > maxEmptyChunks) throw new ProtocolBroken('an endless reply')
}

function isAnswered(request: PendingRequest): boolean {
  if (request.kind === 'read') return request.coverage.isComplete
  return request.kind !== 'block-status' || request.extents !== null
}

function requestOf({ pending }: ReplyContext, cookie: bigint): PendingRequest {
  const request = pending.get(cookie)
  if (!request) throw new ProtocolBroken('a reply to a request that nobody made')
  return request
}

async function take(input: ByteInput, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  await input.fill(bytes)
  return bytes
}

const peer = 'NBD server'
