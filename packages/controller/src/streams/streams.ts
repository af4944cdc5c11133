import { randomBytes } from 'node:crypto'
import { DiskError } from '@varve/core/problems/disk-error'
import type { BeginUpload, BegunUpload, SentFile, UploadTarget } from '@varve/protocol/file-streams'
import type { Jobs } from '../agents/jobs.ts'
import { DownloadStream } from './download-stream.ts'
import { UploadStream } from './upload-stream.ts'

/** Streams at once in all, each of which holds a piece or two: what the controller keeps of them is bounded. */
const mostStreams = 32
/** A browser may leave a download alone for so long, in seconds; then it asks for the rest anew. */
const patienceSeconds = 600

/** A file of a library. */
export interface FileOfLibrary {
  readonly host: string
  readonly library: string
  readonly name: string
}

/** A download that its agent has offered. */
export interface Download {
  readonly file: SentFile
  readonly stream: DownloadStream
  /** Settles when the agent has brought everything; rejects with why it did not. */
  readonly done: Promise<void>
}

/** Files between browsers and agents. What is here lives as long as this process: both ends begin again where they were. */
export interface Streams {
  /** Asks the agent for the file; throws why it is not to be had. Closed with the signal. */
  download(of: FileOfLibrary, signal: AbortSignal): Promise<Download>
  /** Begins an upload, or goes on with what has arrived of it; throws coded errors. */
  begin(upload: BeginUpload, owner: string, signal: AbortSignal | undefined): Promise<BegunUpload>
  /** Ends an upload and removes what has arrived. */
  cancel(upload: UploadTarget, signal: AbortSignal | undefined): Promise<void>
  /** By the browser's token; null: it is over, or somebody else's. */
  upload(token: string, owner: string): UploadStream | null
  /** By the agent's token. */
  ofAgent(token: string): UploadStream | DownloadStream | null
  stop(): void
}

interface OpenUpload {
  readonly owner: string
  readonly target: UploadTarget
  readonly stream: UploadStream
  readonly stop: AbortController
  readonly done: Promise<unknown>
}

export function createStreams({ jobs }: { readonly jobs: Jobs }): Streams {
  const byAgent = new Map<string, UploadStream | DownloadStream>()
  const uploads = new Map<string, OpenUpload>()
  const stopped = new AbortController()

  function makeToken(): string {
    return randomBytes(24).toString('base64url')
  }

  function register(stream: UploadStream | DownloadStream, file: string): string {
    if (byAgent.size >= mostStreams)
      throw new DiskError('refused', {
        file,
        reason: `${mostStreams} files are uploaded or downloaded now`,
        remedy: 'Wait until one of them is over.',
      })
    const token = makeToken()
    byAgent.set(token, stream)
    return token
  }

  function settings(title: string, signal: AbortSignal, noProgressSeconds = 60) {
    const idempotencyKey = `stream/${randomBytes(9).toString('hex')}`
    return { idempotencyKey, title, noProgressSeconds, signal: AbortSignal.any([signal, stopped.signal]) }
  }

  /** Ends what an earlier page of the same upload left open; throws while another one arrives under the name. */
  async function takeOver(target: UploadTarget): Promise<void> {
    for (const open of uploads.values()) {
      const { host, library, name, id } = open.target
      if (host !== target.host || library !== target.library || name !== target.name) continue
      if (id !== target.id)
        throw new DiskError('refused', {
          file: target.name,
          reason: 'another upload of that name is arriving',
          remedy: 'Choose another name, or cancel the other upload.',
        })
      await end(open)
    }
  }

  async function end({ stream, stop, done, target }: OpenUpload): Promise<void> {
    const canceled = new DiskError('canceled', { file: target.name, what: 'the upload' })
    stream.close(canceled)
    stop.abort(canceled)
    await done.catch(() => {})
  }

  return {
    async download({ host, library, name }, signal) {
      const stream = new DownloadStream()
      const token = register(stream, name)
      const request = { kind: 'send', library, name, stream: token } as const
      const done = jobs
        .start<'send'>(host, request, settings(`Download ${name}`, signal, patienceSeconds))
        .then(() => undefined)
        .finally(() => byAgent.delete(token))
      done.then(
        () => stream.close(),
        (error: unknown) => stream.close(asError(error)),
      )
      return { file: await stream.file, stream, done }
    },

    async begin({ size, ...target }, owner, asked) {
      const { host, library, name, id } = target
      await takeOver(target)
      const stream = new UploadStream({ file: name, size })
      const token = register(stream, name)
      const upload = makeToken()
      const stop = new AbortController()
      const request = { kind: 'receive', target: { library, name }, upload: id, size, stream: token } as const
      const done = jobs
        .start<'receive'>(host, request, settings(`Upload ${name}`, stop.signal, 120))
        .finally(() => {
          byAgent.delete(token)
          uploads.delete(upload)
        })
      done.then(
        () => stream.close(new DiskError('canceled', { file: name, what: 'the upload' })),
        (error: unknown) => stream.close(asError(error)),
      )
      uploads.set(upload, { owner, target, stream, stop, done })
      const giveUp = () => stop.abort(new DiskError('canceled', { file: name, what: 'the upload' }))
      asked?.addEventListener('abort', giveUp, { once: true })
      try {
        return { upload, received: await stream.ready }
      } finally {
        asked?.removeEventListener('abort', giveUp)
      }
    },

    async cancel(target, signal = new AbortController().signal) {
      await takeOver(target)
      const { host, library, name, id } = target
      // An upload is one hidden file, whatever it holds.
      const kind = { format: 'raw', subformat: null } as const
      const request = { kind: 'discard', pullId: id, target: { library, name }, ...kind } as const
      await jobs.start<'discard'>(host, request, settings(`Remove the upload of ${name}`, signal))
    },

    upload(token, owner) {
      const open = uploads.get(token)
      return open?.owner === owner ? open.stream : null
    },
    ofAgent: (token) => byAgent.get(token) ?? null,
    stop() {
      stopped.abort(new DiskError('canceled', { file: 'controller', what: 'the stream' }))
      for (const stream of byAgent.values())
        stream.close(new DiskError('canceled', { file: 'controller', what: 'the stream' }))
    },
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
