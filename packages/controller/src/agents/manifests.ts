import {
  appendFileSync,
  existsSync,
  mkdirSync,
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
  const next = new Map<string, number>()

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
      const partial = join(folder, `.${key}.part`)
      if (part !== 0 && next.get(key) !== part) {
        next.delete(key)
        throw badPart('Parts of a manifest are sent in their order.')
      }
      const content = Buffer.from(bytes, 'base64')
      if (part === 0) writeFileSync(partial, content, { mode: 0o600 })
      else appendFileSync(partial, content)
      const { size } = statSync(partial)
      if (size > mostBytes) {
        rmSync(partial, { force: true })
        next.delete(key)
        throw badPart(`A manifest has at most ${mostBytes} bytes.`)
      }
      next.set(key, part + 1)
      if (part + 1 < parts) return
      next.delete(key)
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
