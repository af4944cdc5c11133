import { rulesOf } from '@varve/core/formats/writable-formats'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import { chunkCount, chunkLength, chunkSize } from '@varve/core/digest/disk-digest'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import type { PreparedChunk } from '@varve/core/image/disk-writer'
import { toErrorRecord } from '@varve/core/problems/disk-error'
import { nodeCompressors } from '../codecs/node-codecs.ts'
import { chunkStates, type DiskInput } from './requests.ts'
import { BlockSharer } from './block-sharer.ts'
import { ChunkBoard, type Claim } from './chunk-board.ts'
import { claimedChunks, type ClaimedChunk, type Membership } from './claimed-chunks.ts'
import { LeafPost } from './leaf-post.ts'
import { openBelow } from './open-below.ts'
import { inputName, openInput } from './open-input.ts'
import type { SharedOutput, WorkerJob, WorkerMessage } from './worker-job.ts'
import { writeAll, writeBehind, type ShareWrite, type Written } from './write-all.ts'
import { isZeroChunk, zeroChunk } from './zero-chunk.ts'

type Send = (message: WorkerMessage) => void

/** Chunks read ahead by one connection, so that the network is never idle. */
const streamDepth = 3

function depthOf(...inputs: readonly DiskInput[]): number {
  return inputs.some(({ kind }) => kind === 'nbd') ? streamDepth : 1
}

export interface ThreadOptions extends Omit<Membership, 'depth' | 'hashes'> {
  readonly send: Send
  /** The disks of the job, where they are open already. */
  readonly disks?: readonly DiskReader[] | undefined
}

/** The server of a stream takes no further connection. */
class TurnedAway extends Error {
  override readonly name = 'TurnedAway'
}

/** Does `job` in this thread; its end or its failure is the last message. */
export async function reportJob(job: WorkerJob, options: ThreadOptions): Promise<void> {
  const { send } = options
  try {
    await runJob(job, options)
    send({ say: 'done' })
  } catch (error) {
    const [input] = job.do === 'compare' ? job.inputs : [job.input]
    if (error instanceof TurnedAway)
      send({ say: 'turned-away', error: toErrorRecord(error.cause, inputName(input)) })
    else send({ say: 'failed', error: toErrorRecord(error, inputName(input)) })
  }
}

/** Goes on until no chunk is left or the run is stopped. */
async function runJob(job: WorkerJob, thread: ThreadOptions): Promise<void> {
  const board = new ChunkBoard(job.board)
  switch (job.do) {
    case 'convert': {
      const { output } = job
      await using input = await openHere(job.input, thread.disks?.[0])
      if (!output.backing) {
        await convertChunks(board, [input.disk], { ...thread, output, depth: depthOf(job.input) })
        return tellZeroed(thread.send, job.input, input)
      }
      const { disk: backing } = output.backing
      const { virtualSize } = output
      await using below = thread.disks?.[1]
        ? opened(thread.disks[1])
        : await openBelow(backing, { io: 'sync', virtualSize })
      const depth = depthOf(job.input, backing)
      await convertChunks(board, [input.disk, below.disk], { ...thread, output, depth })
      return tellZeroed(thread.send, job.input, input)
    }
    case 'digest': {
      await using input = await openHere(job.input, thread.disks?.[0])
      const options = { ...thread, depth: depthOf(job.input) }
      await (job.sha256 ? digestInOrder : digestChunks)(board, input.disk, options)
      return tellZeroed(thread.send, job.input, input)
    }
    case 'compare': {
      await using first = await openHere(job.inputs[0], thread.disks?.[0])
      await using second = await openHere(job.inputs[1], thread.disks?.[1])
      const depth = depthOf(...job.inputs)
      await compareChunks(board, [first.disk, second.disk], { ...thread, depth })
      tellZeroed(thread.send, job.inputs[0], first)
      return tellZeroed(thread.send, job.inputs[1], second)
    }
  }
}

interface Opened extends AsyncDisposable {
  readonly disk: DiskReader
  readonly zeroed?: readonly ByteRange[]
}

/** Tells what a rescue could not read. */
function tellZeroed(send: Send, input: DiskInput, { zeroed = [] }: Opened): void {
  if (zeroed.length > 0) send({ say: 'zeroed', file: inputName(input), ranges: zeroed })
}

/** The disk that is open already, or opened for this thread. */
async function openHere(input: DiskInput, disk: DiskReader | undefined): Promise<Opened> {
  if (disk) return opened(disk)
  try {
    // That it is there is known from the first connection: a further one that is refused is no secret.
    const here: DiskInput = input.kind === 'nbd' ? { ...input, failsAfterMs: undefined } : input
    return await openInput(here, { io: 'sync' })
  } catch (error) {
    throw input.kind === 'nbd' ? new TurnedAway('no further connection', { cause: error }) : error
  }
}

/** A disk that stays open when the job is done. */
function opened(disk: DiskReader): Opened {
  return { disk, async [Symbol.asyncDispose]() {} }
}

interface TaskOptions extends ThreadOptions {
  readonly depth: number
}

/** Chunks that wait for their turn while a thread reads on. */
const mostHeld = 1

interface HeldChunk extends Pick<ClaimedChunk, 'claim' | 'release'> {
  readonly data: Uint8Array
  /** Null for a chunk that is left out. */
  readonly prepared: PreparedChunk | null
}

/** `disks`: the disk and, for an overlay, what lies below it. */
async function convertChunks(
  board: ChunkBoard,
  disks: readonly [DiskReader, below?: DiskReader],
  { output, send, ...membership }: TaskOptions & { readonly output: SharedOutput },
): Promise<void> {
  const format = await rulesOf(output.format).writer()
  const writer = format.open({ ...output, compressors: nodeCompressors })
  const post = new LeafPost(send)
  const read = disks.filter((disk) => disk !== undefined)
  const sharer = output.sharesBlocks ? new BlockSharer(disks[0]) : null
  const write = ({ claim, data }: HeldChunk, prepared: PreparedChunk): Written => {
    const chunk = { start: claim.index * chunkSize, bytes: data }
    const share: ShareWrite | undefined = sharer
      ? (target, part) => sharer.share(target, part, chunk)
      : undefined
    return writeAll(output.targets, writer.writes(prepared), share)
  }
  /** Whether the chunk is to be written now; null when another thread is to write first, false when the run was stopped. */
  const comesNow = async (chunk: HeldChunk, mayWait: boolean): Promise<boolean | null> => {
    if (writer.placesAreFixed) return chunk.prepared ? board.takePen(mayWait) : true
    return mayWait ? turnOf(chunk.claim, { board, ...membership }) : board.isTurn(chunk.claim)
  }
  const held: HeldChunk[] = []
  /** Places and writes the chunk held longest, if it comes now; else what `comesNow` says. */
  const writeNext = async (mayWait: boolean): Promise<boolean | null> => {
    const [next] = held
    if (!next) return null
    const { claim, prepared, release } = next
    const started = performance.now()
    const isNow = await comesNow(next, mayWait)
    if (!isNow) return isNow
    let written: Written | null
    let hasPen = writer.placesAreFixed === true && prepared !== null
    try {
      if (prepared) writer.place(prepared)
      if (!writer.placesAreFixed) {
        board.passTurn(claim)
        hasPen = prepared !== null && board.takePen(true) === true
        if (prepared && !hasPen) return false
      }
      written = prepared ? write(next, prepared) : null
    } finally {
      if (hasPen) board.layPen()
    }
    if (written) {
      writeBehind(written)
      board.addShared(written.sharedBytes)
    }
    board.addWaited('output', performance.now() - started)
    board.finish(claim, prepared ? chunkStates.written : chunkStates.skipped)
    held.shift()
    release()
    return true
  }
  for await (const chunk of claimedChunks(board, read, { ...membership, hashes: true })) {
    const { claim, bytes, leaf, release } = chunk
    const [data = zeroChunk, below] = bytes
    if (leaf) post.add(claim.index, leaf)
    const isAbsent = leaf === null && (!below || isZeroChunk(below))
    held.push({ claim, data, prepared: isAbsent ? null : writer.prepare(claim.index, data, below), release })
    for (let isTurn: boolean | null = true; isTurn === true;) {
      isTurn = await writeNext(held.length > mostHeld)
      if (isTurn === false) return
    }
  }
  while (held.length > 0) if ((await writeNext(true)) === false) return
  post.flush()
}

/** A thread with other work to do does not block for longer than that: reading a chunk takes about as long. */
const patienceMs = 5

/** Waits for the turn of `claim`; false when the run was stopped. */
async function turnOf(
  claim: Claim,
  { board, depth, isMain }: Pick<Membership, 'depth' | 'isMain'> & { readonly board: ChunkBoard },
): Promise<boolean> {
  const isTurn = depth === 1 ? board.waitTurn(claim, isMain ? patienceMs : Infinity) : null
  return isTurn ?? board.untilTurn(claim)
}

async function digestChunks(
  board: ChunkBoard,
  disk: DiskReader,
  { send, ...membership }: TaskOptions,
): Promise<void> {
  const post = new LeafPost(send)
  for await (const chunk of claimedChunks(board, [disk], { ...membership, hashes: true })) {
    const { claim, leaf } = chunk
    if (leaf) post.add(claim.index, leaf)
    board.finish(claim, leaf === null ? chunkStates.skipped : chunkStates.proven)
    chunk.release()
  }
  post.flush()
}

/** As `digestChunks`, alone and in order, because SHA-256 over the stream cannot be computed in parts. */
async function digestInOrder(
  board: ChunkBoard,
  disk: DiskReader,
  { send, ...membership }: TaskOptions,
): Promise<void> {
  const post = new LeafPost(send)
  const { createHash } = await import('node:crypto')
  const sha256 = createHash('sha256')
  let next = 0
  const skipTo = (end: number) => {
    for (; next < end && !board.isStopped; next += 1) {
      sha256.update(zeroChunk.subarray(0, chunkLength(board.size, next)))
    }
  }
  for await (const chunk of claimedChunks(board, [disk], { ...membership, hashes: true })) {
    const { claim, leaf } = chunk
    const [data = zeroChunk] = chunk.bytes
    skipTo(claim.index)
    sha256.update(data)
    next = claim.index + 1
    if (leaf) post.add(claim.index, leaf)
    board.finish(claim, leaf === null ? chunkStates.skipped : chunkStates.proven)
    chunk.release()
  }
  skipTo(chunkCount(board.size))
  post.flush()
  if (!board.isStopped) send({ say: 'sha256', hex: sha256.digest('hex') })
}

async function compareChunks(
  board: ChunkBoard,
  disks: readonly [DiskReader, DiskReader],
  { send, ...membership }: TaskOptions,
): Promise<void> {
  for await (const chunk of claimedChunks(board, disks, { ...membership, hashes: false })) {
    const { claim } = chunk
    const [first = zeroChunk, second = zeroChunk] = chunk.bytes
    board.finish(claim, chunkStates.proven)
    if (Buffer.compare(first, second) !== 0) {
      board.endBefore(claim.index)
      send({ say: 'differs', at: claim.index * chunkSize + firstDifference(first, second) })
    }
    chunk.release()
  }
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return at
  return a.length
}
