import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { TRPCError } from '@trpc/server'
import { toHex } from '@varve/core/binary/hex'
import { digestRoot, type Manifest } from '@varve/core/digest/disk-digest'
import { decodeManifest } from '@varve/core/digest/manifest-file'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ManifestPart } from '@varve/protocol/agent'
import { nativeHashing } from '../hashing.ts'

const MiB = 1024 ** 2
const mostBytes = 256 * MiB
/** Manifests that are being sent, all together; one that nobody goes on with is forgotten after so long. */
const mostUnfinished = 256
const mostUnfinishedBytes = 2048 * MiB
const unfinishedMs = 10 * 60_000

interface Unfinished {
  /** The part that comes next. */
  readonly next: number
  readonly bytes: number
  readonly at: number
}

/** The root of a larger disk would take seconds to compute. */
const largestDisk = 256 * 1024 ** 4

/** The manifests that prove what was migrated: one file each, named by its root. */
export interface Manifests {
  /** Takes a part; parts come in order, the first one starts afresh. After the last one the root is checked. */
  add(host: string, part: ManifestPart): void
  has(digest: string): boolean
  /** Path of the file, or null. */
  path(digest: string): string | null
  read(digest: string): Manifest | null
}

export function createManifests(folder: string): Manifests {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const unfinished = new Map<string, Unfinished>()
  // What a controller that was killed had begun to take is sent again from its first part.
  for (const name of readdirSync(folder))
    if (name.endsWith('.part')) rmSync(join(folder, name), { force: true })

  function forget(key: string): void {
    unfinished.delete(key)
    rmSync(partialPath(key), { force: true })
  }

  function partialPath(key: string): string {
    return join(folder, `.${key}.part`)
  }

  /** Room for another one: those that nobody goes on with end first. */
  function makeRoom(): void {
    for (const [key, { at }] of unfinished) if (Date.now() - at > unfinishedMs) forget(key)
    const bytes = [...unfinished.values()].reduce((sum, each) => sum + each.bytes, 0)
    if (unfinished.size < mostUnfinished && bytes < mostUnfinishedBytes) return
    throw new TRPCError({
      code: 'TOO_MANY_REQUESTS',
      message: 'Too many manifests are being sent at once: send this one again later.',
    })
  }

  function pathOf(digest: string): string {
    if (!/^[0-9a-f]{64}$/u.test(digest)) {
      throw badPart('A digest has 64 hexadecimal digits.')
    }
    return join(folder, digest)
  }

  function finish(partial: string, digest: string): void {
    try {
      const manifest = decodeManifest(readFileSync(partial), 'manifest')
      const found = rootOf(manifest)
      if (found !== digest) {
        throw new DiskError('digest-mismatch', { file: 'manifest', expected: digest, found, chunk: null })
      }
      renameSync(partial, pathOf(digest))
    } catch (error) {
      if (error instanceof DiskError) throw badPart(error.message)
      throw error
    } finally {
      rmSync(partial, { force: true })
    }
  }

  return {
    add(host, { digest, part, parts, bytes }) {
      if (part >= parts) throw badPart('A manifest has no part after its last one.')
      const final = pathOf(digest)
      if (existsSync(final)) return
      const key = `${digest}.${host}`
      const partial = partialPath(key)
      if (part === 0 && !unfinished.has(key)) makeRoom()
      if (part !== 0 && unfinished.get(key)?.next !== part) {
        forget(key)
        throw badPart('Parts of a manifest are sent in their order.')
      }
      const content = Buffer.from(bytes, 'base64')
      if (part === 0) writeFileSync(partial, content, { mode: 0o600 })
      else appendFileSync(partial, content)
      const { size } = statSync(partial)
      if (size > mostBytes) {
        forget(key)
        throw badPart(`A manifest has at most ${mostBytes} bytes.`)
      }
      unfinished.set(key, { next: part + 1, bytes: size, at: Date.now() })
      if (part + 1 < parts) return
      unfinished.delete(key)
      finish(partial, digest)
    },
    has: (digest) => existsSync(pathOf(digest)),
    path: (digest) => (existsSync(pathOf(digest)) ? pathOf(digest) : null),
    read: (digest) => (existsSync(pathOf(digest)) ? decodeManifest(readFileSync(pathOf(digest))) : null),
  }
}

function rootOf(manifest: Manifest): string {
  if (manifest.size > largestDisk) {
    throw new DiskError('limit-exceeded', {
      file: 'manifest',
      what: 'size of the disk',
      value: manifest.size,
      limit: largestDisk,
    })
  }
  return toHex(digestRoot(manifest, nativeHashing))
}

function badPart(message: string): TRPCError {
  return new TRPCError({ code: 'BAD_REQUEST', message })
}
