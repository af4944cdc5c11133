import { setTimeout as sleep } from 'node:timers/promises'
import type { ByteRange } from '@varve/core/ranges/byte-range'
import { clipExtent, mergeExtentStream } from '@varve/core/ranges/extent'
import type { Extent } from '@varve/core/ranges/extent'
import type { ReadOptions } from '@varve/core/disk/disk-reader'
import { DiskError } from '@varve/core/problems/disk-error'
import { ProtocolBroken, receiveReplies } from './client-replies.ts'
import { RequestWindow } from './client-requests.ts'
import type { PendingDone, PendingRequest } from './client-requests.ts'
import type { ClientStream } from './client-stream.ts'
import type { ExportFacts } from './handshake/export-facts.ts'
import { commands, limits, magics } from './messages/numbers.ts'
import { requestHeader } from './messages/transmission-messages.ts'
import { Coverage } from './transmission/coverage.ts'

export interface NbdConnectionOptions {
  readonly name: string
  readonly facts: ExportFacts
  readonly noProgressMs?: number
  readonly requestSize?: number
  readonly inFlight?: number
  /** Takes secrets out of a server's text. */
  readonly redact: (text: string) => string
}

const MiB = 1024 * 1024

/** Bytes of one block-status request: the most that 32 bits hold and that is a whole number of any blocks. */
const statusSpan = 2 ** 32 - limits.option

/** Bytes of one write: each is answered, so that a slow network is no silence. */
const writeSize = MiB
/** Bytes that are made zeros at a time: some servers write them. */
const zeroSpan = 256 * MiB
/** For a server to put what was written on its medium. */
const flushMs = 600_000

const deeds: Readonly<Record<PendingRequest['kind'], string>> = {
  read: 'reading',
  'block-status': 'asking for the extents of',
  write: 'writing',
  'write-zeroes': 'writing zeros over',
  flush: 'flushing, after',
}

/** One connection in the transmission phase: sends requests, several at a time, and hands out the replies. */
export class NbdConnection {
  readonly #opened: ClientStream
  readonly #options: NbdConnectionOptions
  readonly #noProgressMs: number
  readonly #requestSize: number
  readonly #inFlight: number
  readonly #window: RequestWindow
  readonly #pending = new Map<bigint, PendingRequest>()
  #lastCookie = 0n
  #failure: Error | null = null

  constructor(opened: ClientStream, options: NbdConnectionOptions) {
    this.#opened = opened
    this.#options = options
    this.#noProgressMs = options.noProgressMs ?? 30_000
    const { minimum, maximum } = options.facts.blockSize
    const wanted = Math.min(options.requestSize ?? 4 * MiB, maximum)
    this.#requestSize = Math.max(minimum, wanted - (wanted % minimum))
    this.#inFlight = options.inFlight ?? 8
    this.#window = new RequestWindow(this.#inFlight)
    const { hasStructuredReplies, allocationContextId } = options.facts
    receiveReplies({
      input: opened.input,
      pending: this.#pending,
      hasStructuredReplies,
      allocationContextId,
      finish: (cookie) => this.#finish(cookie),
    }).catch((error: unknown) => this.fail(this.#coded(error)))
  }

  async readInto(target: Uint8Array, at: number, options: ReadOptions = {}): Promise<void> {
    const end = at + target.length
    this.#assertInside({ start: at, end })
    const { minimum } = this.#options.facts.blockSize
    if (at % minimum !== 0 || end % minimum !== 0) {
      const start = at - (at % minimum)
      const bounce = new Uint8Array(Math.ceil(end / minimum) * minimum - start)
      await this.readInto(bounce, start, options)
      target.set(bounce.subarray(at - start, end - start))
      return
    }
    const failures: unknown[] = []
    let from = 0
    const readOn = async (): Promise<void> => {
      while (from < target.length && failures.length === 0) {
        const start = from
        from += this.#requestSize
        await this.#read(target.subarray(start, start + this.#requestSize), at + start, options).catch(
          (error: unknown) => failures.push(error),
        )
      }
    }
    // Waits for all of them even when one fails: until then the others still write into `target`. As many as the window
    // takes are made at a time, so that small blocks do not fill the memory.
    const parts = Math.ceil(target.length / this.#requestSize)
    await Promise.all(Array.from({ length: Math.min(parts, this.#inFlight) }, readOn))
    if (failures.length > 0) throw failures[0]
  }

  async *extents(range: ByteRange, options: ReadOptions = {}): AsyncGenerator<Extent> {
    this.#assertInside(range)
    if (this.#options.facts.allocationContextId !== null) {
      yield* mergeExtentStream(this.#blocks(range, options))
      return
    }
    const { start, end } = range
    if (start < end) yield { start, length: end - start, content: 'data' }
  }

  /** Writes `bytes`, which stay as they are until it is done. */
  async write(bytes: Uint8Array, at: number, options: ReadOptions = {}): Promise<void> {
    this.#assertInside({ start: at, end: at + bytes.length })
    const size = Math.max(this.#options.facts.blockSize.minimum, Math.min(this.#requestSize, writeSize))
    const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => index * size)
    const written = await Promise.allSettled(
      parts.map(async (start) => {
        const payload = bytes.subarray(start, start + size)
        await this.#do('write', { offset: at + start, length: payload.length, payload }, options)
      }),
    )
    for (const part of written) if (part.status === 'rejected') throw part.reason
  }

  /** Makes the range zeros, where the server does that by itself. */
  async writeZeroes({ start, end }: ByteRange, options: ReadOptions = {}): Promise<void> {
    this.#assertInside({ start, end })
    for (let offset = start; offset < end; offset += zeroSpan)
      await this.#do(
        'write-zeroes',
        { offset, length: Math.min(zeroSpan, end - offset), payload: null },
        options,
      )
  }

  /** Waits until all that was written is on the server's medium, which may take it long. */
  async flush(options: ReadOptions = {}): Promise<void> {
    await this.#do('flush', { offset: 0, length: 0, payload: null }, options)
  }

  async #do(
    kind: PendingDone['kind'],
    about: Pick<PendingDone, 'offset' | 'length' | 'payload'>,
    options: ReadOptions,
  ): Promise<void> {
    await this.#enter(options)
    await this.#ask<void>(commands[kind], options, (settle) => ({ kind, ...about, ...settle }))
  }

  /** Ends the connection: all requests fail with `error`. */
  fail(error: Error): void {
    if (this.#failure) return
    this.#failure = error
    this.#opened.stream.destroy()
    this.#opened.input.end('closed')
    for (const [cookie, request] of this.#pending) {
      request.error = error
      this.#finish(cookie)
    }
  }

  /** Says good-bye, waits at most `waitMs` for the server to close, then closes. */
  async close(waitMs: number): Promise<void> {
    const { stream } = this.#opened
    if (!this.#failure && !stream.destroyed) {
      const gone = new AbortController()
      stream.once('close', () => gone.abort())
      stream.end(encodeRequest({ command: commands.disconnect, cookie: 0n, offset: 0, length: 0 }))
      await sleep(waitMs, undefined, { signal: gone.signal }).catch(() => {})
    }
    this.fail(
      new DiskError('nbd-failed', { file: this.#options.name, reason: 'the connection was closed here' }),
    )
  }

  async #read(target: Uint8Array, offset: number, options: ReadOptions): Promise<void> {
    await this.#enter(options)
    const { length } = target
    await this.#ask<void>(commands.read, options, (settle) => ({
      kind: 'read',
      target,
      coverage: new Coverage(offset, length),
      offset,
      length,
      ...settle,
    }))
  }

  /** The server's blocks, clipped to `range`; each answer covers some more of it. */
  async *#blocks(range: ByteRange, options: ReadOptions): AsyncGenerator<Extent> {
    const { minimum } = this.#options.facts.blockSize
    const alignedEnd = Math.ceil(range.end / minimum) * minimum
    for (let at = range.start - (range.start % minimum); at < range.end;) {
      const offset = at
      const length = Math.min(alignedEnd - at, statusSpan)
      await this.#enter(options)
      const blocks = await this.#ask<readonly Extent[]>(commands['block-status'], options, (settle) => ({
        kind: 'block-status',
        extents: null,
        offset,
        length,
        ...settle,
      }))
      for (const block of blocks) {
        at = block.start + block.length
        const clipped = clipExtent(block, range)
        if (clipped) yield clipped
      }
    }
  }

  /** A place in the window, which `#finish` gives back. */
  async #enter({ signal }: ReadOptions): Promise<void> {
    await this.#window.enter()
    if (!this.#failure && !signal?.aborted) return
    this.#window.leave()
    signal?.throwIfAborted()
    throw this.#failure ?? new Error('unreachable')
  }

  #ask<T>(command: number, { signal }: ReadOptions, make: (settle: Settle<T>) => PendingRequest): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const abandon = (): void => {
        request.isAbandoned = true
        if (!request.isArriving) reject(signal?.reason)
      }
      const request = make({
        isAbandoned: false,
        isArriving: false,
        emptyChunks: 0,
        error: null,
        resolve: (value) => {
          signal?.removeEventListener('abort', abandon)
          if (request.isAbandoned) reject(signal?.reason)
          else resolve(value)
        },
        reject: (error) => {
          signal?.removeEventListener('abort', abandon)
          reject(request.isAbandoned ? signal?.reason : error)
        },
      })
      signal?.addEventListener('abort', abandon, { once: true })
      this.#send(command, request)
    })
  }

  #send(command: number, request: PendingRequest): void {
    this.#lastCookie += 1n
    const cookie = this.#lastCookie
    if (this.#pending.size === 0) {
      const patienceMs = request.kind === 'flush' ? Math.max(flushMs, this.#noProgressMs) : this.#noProgressMs
      this.#opened.watch.start(patienceMs, { onExpired: () => this.fail(this.#stalled()) })
    }
    this.#pending.set(cookie, request)
    // The connection may have failed between the place in the window and now.
    if (this.#failure) {
      request.error = this.#failure
      this.#finish(cookie)
      return
    }
    const { offset, length } = request
    this.#opened.stream.write(encodeRequest({ command, cookie, offset, length }))
    if ('payload' in request && request.payload) this.#opened.stream.write(request.payload)
  }

  #finish(cookie: bigint): void {
    const request = this.#pending.get(cookie)
    if (!request) return
    this.#pending.delete(cookie)
    if (this.#pending.size === 0) this.#opened.watch.stop()
    this.#window.leave()
    if (request.error) request.reject(this.#failure ?? this.#refused(request))
    else if (request.kind === 'block-status') request.resolve(request.extents ?? [])
    else request.resolve()
  }

  #refused({ kind, offset, length, error }: PendingRequest): DiskError {
    const reason = this.#options.redact(
      `${deeds[kind]} ${length} bytes at ${offset}: ${error?.message ?? ''}`,
    )
    return new DiskError('nbd-failed', { file: this.#options.name, reason })
  }

  #stalled(): DiskError {
    return new DiskError('no-progress', {
      file: this.#options.name,
      during: 'reading from the server',
      seconds: this.#noProgressMs / 1000,
    })
  }

  #coded(error: unknown): DiskError {
    const said = error instanceof Error ? error.message : 'the connection broke'
    const reason =
      error instanceof ProtocolBroken
        ? `${said}; this is probably a bug of the server`
        : (this.#opened.ended ?? said)
    return new DiskError('nbd-failed', { file: this.#options.name, reason }, { cause: error })
  }

  #assertInside({ start, end }: ByteRange): void {
    const { size } = this.#options.facts
    if (Number.isSafeInteger(start) && start >= 0 && start <= end && end <= size) return
    throw new DiskError('out-of-range', { file: this.#options.name, start, end, size })
  }
}

interface Settle<T> {
  isAbandoned: boolean
  isArriving: boolean
  emptyChunks: number
  error: Error | null
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

function encodeRequest(request: {
  readonly command: number
  readonly cookie: bigint
  readonly offset: number
  readonly length: number
}): Uint8Array {
  const { command, cookie, offset, length } = request
  const header = { magic: magics.request, flags: 0, type: command, cookie, offset: BigInt(offset), length }
  return requestHeader.write(header)
}
