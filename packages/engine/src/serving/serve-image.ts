import { lstat, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import { diskExport } from '@varve/nbd/exports/disk-export'
import { throwAwayExport } from '@varve/nbd/exports/throw-away-export'
import type { NbdExport } from '@varve/nbd/nbd-export'
import { serveNbd, type NbdServer } from '@varve/nbd/server'
import type { ServerTls } from '@varve/nbd/tls/tls-options'
import { assertUnchanged } from '../files/file-fingerprint.ts'
import { systemCode, writeError } from '../system/system-error.ts'
import { markExported } from '../in-use/exports.ts'
import { guardFiles } from '../in-use/guard-files.ts'
import type { DiskInput } from '../run/requests.ts'
import { openInput } from '../run/open-input.ts'
import type { InUse } from '../run/run-options.ts'
import { namelessStore } from './nameless-store.ts'

/** Where an image is served: a Unix socket of this user (made in a new folder where none is said), or a port of this host alone. */
export type ServingPlace =
  | { readonly socket: string | null }
  /** `host`: an address of this host that others reach, over TLS only. */
  | { readonly port: number; readonly host?: string }

export interface ServeImageOptions {
  readonly place: ServingPlace
  readonly inUse: InUse
  /** Left out: plain text. */
  readonly tls?: ServerTls
  /** Ends it. */
  readonly signal: AbortSignal
  /** It ends by itself after so long; left out: never. */
  readonly expiresMs?: number
  readonly lookAgainMs?: number
  /** Clients may be silent for as long as they like, as a kernel is whose device nobody reads. */
  readonly isPatient?: boolean
  /** Takes writes, into a file in this folder that has no name and goes with this process; the image is not written. */
  readonly throwAwayIn?: string
}

/** An image that is served read-only. */
export interface ServedImage extends AsyncDisposable {
  readonly virtualSize: number
  readonly address: { readonly socket: string } | { readonly host: string; readonly port: number }
  /** Whether the socket was left by a process that was killed. */
  readonly isTakenOver: boolean
  /** Resolves when it ends as it should; rejects with `source-changed` or `in-use` when what is served is not that disk any more. */
  readonly ended: Promise<'stopped' | 'expired'>
}

/** The address of this host that nobody else reaches. */
export const loopback = '127.0.0.1'
const usualLookAgainMs = 1000

/**
 * Serves the disk of an image, chain and all, over NBD, read-only, under the empty name. Its files are looked at all the time: when
 * one changes, every client is dropped, because what it has read is a mix of two states.
 */
export async function serveImage(
  input: DiskInput & { kind: 'image' },
  options: ServeImageOptions,
): Promise<ServedImage> {
  const {
    place,
    inUse,
    signal,
    expiresMs,
    lookAgainMs = usualLookAgainMs,
    isPatient,
    throwAwayIn,
    tls,
  } = options
  const host = 'port' in place ? (place.host ?? loopback) : loopback
  if (host !== loopback && !tls) throw new TypeError('an address that others reach is served over TLS')
  await using stack = new AsyncDisposableStack()
  const opened = stack.use(await openInput(input, { io: 'async', signal }))
  const { disk, files } = opened
  const guard = stack.use(await guardFiles(files, { inUse, signal }))
  stack.use(await markExported(files))
  const socket = 'socket' in place ? (place.socket ?? (await ownSocket(stack))) : null
  const isTakenOver = socket !== null && (await clearDeadSocket(socket))
  const plain = diskExport(disk, { description: input.path })
  const served =
    throwAwayIn === undefined ? plain : throwAwayExport(plain, stack.use(await namelessStore(throwAwayIn)))
  const port = 'port' in place ? place.port : 0
  const server = stack.use(
    await listen(input.path, {
      served,
      socket,
      host,
      port,
      ...(tls && { tls }),
      ...(isPatient === true && { idleTimeoutMs: Infinity }),
    }),
  )
  if (socket !== null) stack.defer(async () => rm(socket, { force: true }))
  const over = Promise.withResolvers<'stopped' | 'expired'>()
  // Whoever does not wait for it is not told.
  over.promise.catch(() => {})
  const timer = setInterval(() => {
    assertUnchanged(files).catch((error: unknown) => over.reject(error))
  }, lookAgainMs)
  const expiry = expiresMs === undefined ? null : setTimeout(() => over.resolve('expired'), expiresMs)
  const onAbort = () => (signal.aborted ? over.resolve('stopped') : over.reject(guard.signal?.reason))
  for (const one of [signal, ...(guard.signal ? [guard.signal] : [])]) {
    one.addEventListener('abort', onAbort, { once: true })
    if (one.aborted) onAbort()
  }
  stack.defer(() => {
    clearInterval(timer)
    if (expiry !== null) clearTimeout(expiry)
    for (const one of [signal, ...(guard.signal ? [guard.signal] : [])])
      one.removeEventListener('abort', onAbort)
    over.resolve('stopped')
  })
  const owned = stack.move()
  const ended = over.promise.then(
    async (how) => {
      await owned.disposeAsync()
      // What was read last is looked at once more.
      await assertUnchanged(files)
      return how
    },
    async (error: unknown) => {
      await owned.disposeAsync()
      throw error
    },
  )
  ended.catch(() => {})
  return {
    virtualSize: disk.virtualSize,
    isTakenOver,
    address: socket === null ? { host: server.address, port: server.port } : { socket },
    ended,
    async [Symbol.asyncDispose]() {
      over.resolve('stopped')
      await ended.catch(() => {})
    },
  }
}

/** A socket in a folder that only this user can enter. */
async function ownSocket(stack: AsyncDisposableStack): Promise<string> {
  const parent = tmpdir()
  const folder = await mkdtemp(join(parent, 'varve-serve-')).catch((error: unknown) => {
    throw writeError(error, parent)
  })
  stack.defer(async () => rm(folder, { recursive: true, force: true }))
  return join(folder, 'nbd.sock')
}

/** Takes away a socket at which nobody listens any more: whoever made it was killed. False: there is none. */
async function clearDeadSocket(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null)
  if (!found?.isSocket() || !(await refusesAll(path))) return false
  await rm(path, { force: true }).catch((error: unknown) => {
    throw writeError(error, path)
  })
  return true
}

async function refusesAll(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const probe = connect(path, () => resolve(false))
  probe.on('error', (error) => resolve(systemCode(error) === 'ECONNREFUSED'))
  const refuses = await promise
  probe.destroy()
  return refuses
}

interface Listening {
  readonly served: NbdExport
  readonly socket: string | null
  readonly host: string
  readonly port: number
  readonly tls?: ServerTls
  readonly idleTimeoutMs?: number
}

async function listen(path: string, { served, socket, host, port, ...rest }: Listening): Promise<NbdServer> {
  return await serveNbd({
    ...rest,
    host,
    port,
    ...(socket !== null && { socket }),
    resolveExport: async (name) => (name === '' ? served : null),
    listExports: async () => [{ name: '', description: path }],
  }).catch((error: unknown) => {
    const place = socket ?? (host === loopback ? `port ${port}` : `${host}, port ${port}`)
    const code = systemCode(error)
    if (code === 'EADDRINUSE' && socket !== null) throw new DiskError('target-exists', { file: socket })
    if (socket !== null && code !== null) throw writeError(error, socket)
    if (rest.tls && (code === null || code.startsWith('ERR_')))
      throw new DiskError('refused', {
        file: path,
        reason: `its certificates cannot be used (${error instanceof Error ? error.message : String(error)})`,
        remedy: 'Check that certificate and key belong together and that all of them are PEM.',
      })
    throw new DiskError('refused', {
      file: path,
      reason: `it cannot listen at ${place} (${code ?? toErrorRecord(error, path).message})`,
      remedy: 'Say another port, or leave it out: any free one is taken with --port 0.',
    })
  })
}
