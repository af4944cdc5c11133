import { createHash } from 'node:crypto'
import type { ImageFile } from '@varve/core/image/image-files'
import type { DiskReader } from '@varve/core/disk/disk-reader'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { assertUnchanged } from '@varve/engine/files/file-fingerprint'
import { markExported } from '@varve/engine/in-use/exports'
import { diskExport } from '@varve/nbd/exports/disk-export'
import type { NbdExport } from '@varve/nbd/nbd-export'

/** A disk that is open with all files it is read from. */
export interface OpenedDisk extends AsyncDisposable {
  readonly disk: DiskReader
  readonly files: readonly ImageFile[]
}

export interface ExportRequest {
  readonly exportName: string
  /** What it serves, for messages. */
  readonly path: string
  /** The host that it is for; null: nobody was named, and over TLS nobody opens it. */
  readonly reader: string | null
  readonly expiresInSeconds: number
  readonly opened: OpenedDisk
}

interface Export {
  readonly path: string
  readonly reader: string | null
  readonly opened: OpenedDisk
  readonly served: NbdExport
  readonly timer: NodeJS.Timeout
  /** No new request is taken from now on; resolves when those in flight are done. */
  readonly quiesce: () => Promise<void>
  /** That its files are served is known as long as this is not disposed. */
  readonly mark: Disposable
}

/** How an export that is closed ended: what `release` answers when it is asked again. */
type Outcome = { readonly path: string; readonly error: DiskError | null }

const rememberedOutcomes = 1000
const exportLimit = 256

/** The disks that this agent serves, by secret name. */
export class ExportTable {
  readonly #open = new Map<string, Export>()
  readonly #ended = new Map<string, Outcome>()
  /** Called when the last export is closed. */
  onEmpty: () => void = () => {}

  /** The export that clients get for that name. Looked up by hash, so that time tells nothing about names. */
  readonly resolve = async (name: string): Promise<NbdExport | null> =>
    this.#open.get(keyOf(name))?.served ?? null

  get size(): number {
    return this.#open.size
  }

  /** The export of that name that is open now. */
  find(exportName: string): { readonly path: string; readonly opened: OpenedDisk } | null {
    return this.#open.get(keyOf(exportName)) ?? null
  }

  /** Whether the export of that name is open for that host. */
  isFor(exportName: string, host: string): boolean {
    return this.#open.get(keyOf(exportName))?.reader === host
  }

  /** Takes over `opened`, and closes it at release, expiry or the agent's end. */
  async add(request: ExportRequest): Promise<void> {
    const mark = await markExported(request.opened.files)
    try {
      this.#add(request, mark)
    } catch (error) {
      mark[Symbol.dispose]()
      throw error
    }
  }

  #add({ exportName, path, reader, expiresInSeconds, opened }: ExportRequest, mark: Disposable): void {
    const key = keyOf(exportName)
    if (this.#open.has(key) || this.#open.size >= exportLimit) {
      throw new DiskError('refused', {
        file: path,
        reason: this.#open.has(key) ? 'an export of that name is open' : `${exportLimit} exports are open`,
        remedy: 'Wait for a migration to finish, then start again.',
      })
    }
    const { served, quiesce } = guard(diskExport(opened.disk), path)
    const timer = setTimeout(() => {
      this.#close(key).catch(() => {})
    }, expiresInSeconds * 1000)
    timer.unref()
    this.#ended.delete(key)
    this.#open.set(key, { path, reader, opened, served, timer, quiesce, mark })
  }

  /** Closes the export; throws `source-changed` when its files changed since it was opened. Asked again, answers the same. */
  async release(exportName: string, path: string): Promise<void> {
    const key = keyOf(exportName)
    await this.#close(key)
    const outcome = this.#ended.get(key)
    if (!outcome) {
      throw new DiskError('nbd-failed', {
        file: path,
        reason: 'this agent serves no such export: it was started anew since',
      })
    }
    if (outcome.error) throw outcome.error
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((key) => this.#close(key)))
  }

  async #close(key: string): Promise<void> {
    const found = this.#open.get(key)
    if (!found) return
    this.#open.delete(key)
    clearTimeout(found.timer)
    await found.quiesce()
    const error = await changeOf(found)
    found.mark[Symbol.dispose]()
    await found.opened[Symbol.asyncDispose]()
    this.#ended.set(key, { path: found.path, error })
    if (this.#open.size === 0) this.onEmpty()
    const [oldest] = this.#ended.keys()
    if (this.#ended.size > rememberedOutcomes && oldest !== undefined) this.#ended.delete(oldest)
  }
}

async function changeOf({ opened, path }: Export): Promise<DiskError | null> {
  try {
    await assertUnchanged(opened.files)
    return null
  } catch (error) {
    if (isDiskError(error)) return error
    const reason = error instanceof Error ? error.message : String(error)
    return new DiskError('input-output', { file: path, reason })
  }
}

/** The export until it is quiesced; then every request fails, also on connections that are still open. */
function guard(inner: NbdExport, path: string): { served: NbdExport; quiesce: () => Promise<void> } {
  let isClosed = false
  let inFlight = 0
  let idle: () => void = () => {}
  const enter = (): void => {
    if (isClosed) throw new DiskError('nbd-failed', { file: path, reason: 'the export is closed' })
    inFlight += 1
  }
  const leave = (): void => {
    inFlight -= 1
    if (inFlight === 0) idle()
  }
  const served: NbdExport = {
    ...inner,
    async readInto(target, at, options) {
      enter()
      try {
        await inner.readInto(target, at, options)
      } finally {
        leave()
      }
    },
    async *extents(range, options) {
      enter()
      try {
        for await (const extent of inner.extents(range, options)) {
          yield extent
          if (isClosed) throw new DiskError('nbd-failed', { file: path, reason: 'the export is closed' })
        }
      } finally {
        leave()
      }
    },
  }
  return {
    served,
    async quiesce() {
      isClosed = true
      if (inFlight === 0) return
      await new Promise<void>((resolve) => {
        idle = resolve
      })
    },
  }
}

function keyOf(exportName: string): string {
  return createHash('sha256').update(exportName).digest('hex')
}
