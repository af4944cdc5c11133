import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { randomHex } from '@varve/core/binary/random-hex'
import { DiskError } from '@varve/core/problems/disk-error'
import { syncPath } from '../files/sync-file.ts'
import { readError, systemCode, writeError } from '../system/system-error.ts'

/** `moved`: a copy of it on another filesystem has taken its place; `undone`: a run that was undone had made it. */
export const quarantineReasons = ['deleted', 'replaced', 'undone', 'moved'] as const
export type QuarantineReason = (typeof quarantineReasons)[number]

/** A file, or a folder that is one image; paths are relative to the folder that the quarantine is in. */
export interface KeptFile {
  /** Where it was; in the entry it lies below `files/` under the same relative path. */
  readonly path: string
  readonly kind: 'file' | 'folder'
  /** Bytes, of all files of a folder. */
  readonly size: number
  /** Number of its inode: a file of the same name that has another one is not it. */
  readonly inode: string
}

/** A file that takes the place of a kept one: from where it comes, and the name that it gets. */
export interface IncomingFile {
  readonly from: string
  readonly path: string
  readonly kind: 'file' | 'folder'
  readonly inode: string
}

/** What an entry of a quarantine holds; written before the first file moves. */
export interface QuarantineManifest {
  readonly kind: typeof manifestKind
  readonly id: string
  readonly why: QuarantineReason
  /** ISO 8601: when it came, and until when it is kept. */
  readonly since: string
  readonly until: string
  /** Absolute path of the folder that it was in, when it came. */
  readonly folder: string
  /** The image itself, relative to the folder. */
  readonly image: string
  readonly format: string | null
  readonly virtualSize: number | null
  /** Digest of its disk (L3), where it was known. */
  readonly digest: string | null
  /** The image itself comes last. */
  readonly files: readonly KeptFile[]
  /** What takes its place; the image itself comes last. */
  readonly incoming: readonly IncomingFile[]
}

export const manifestKind = 'varve quarantine 1'
export const manifestName = 'manifest.json'
const largest = 16 * 1024 * 1024

/** Reads the manifest of an entry; null: there is none. Throws `corrupt` for anything that was not written by `writeManifest`. */
export async function readManifest(entry: string): Promise<QuarantineManifest | null> {
  const path = join(entry, manifestName)
  const text = await readText(path)
  if (text === null) return null
  const bad = (reason: string) =>
    new DiskError('corrupt', { file: path, structure: 'the manifest of a quarantine', reason })
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw bad('it is not JSON')
  }
  if (!isManifest(parsed)) throw bad('it is not what Varve writes')
  return parsed
}

/** Writes the manifest of an entry whole or not at all; it is on the medium when this returns. */
export async function writeManifest(entry: string, manifest: QuarantineManifest): Promise<void> {
  const path = join(entry, manifestName)
  const draft = join(entry, `.${manifestName}.${randomHex(4)}`)
  try {
    const handle = await open(draft, 'wx')
    try {
      await handle.writeFile(`${JSON.stringify(manifest, null, 2)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw writeError(error, path)
  }
  for (const folder of [entry, dirname(entry), dirname(dirname(entry))]) await syncPath(folder)
}

async function readText(path: string): Promise<string | null> {
  try {
    const { size } = await stat(path)
    if (size > largest)
      throw new DiskError('limit-exceeded', { file: path, what: 'size', value: size, limit: largest })
    return await readFile(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null
    throw readError(error, path)
  }
}

type Fields = Readonly<Record<string, unknown>>

function isManifest(value: unknown): value is QuarantineManifest {
  if (!isRecord(value) || value['kind'] !== manifestKind) return false
  const texts = ['id', 'since', 'until', 'folder'].every((name) => typeof value[name] === 'string')
  const { why, image, format, virtualSize, digest, files, incoming } = value
  return (
    texts &&
    quarantineReasons.some((reason) => reason === why) &&
    isInside(image) &&
    (format === null || typeof format === 'string') &&
    (virtualSize === null || isSize(virtualSize)) &&
    (digest === null || typeof digest === 'string') &&
    Array.isArray(files) &&
    files.every((file) => isFile(file) && isSize(file['size'])) &&
    Array.isArray(incoming) &&
    incoming.every((file) => isFile(file) && isInside(file['from']))
  )
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function isFile(value: unknown): value is Fields {
  return (
    isRecord(value) &&
    isInside(value['path']) &&
    (value['kind'] === 'file' || value['kind'] === 'folder') &&
    typeof value['inode'] === 'string'
  )
}

function isSize(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** Whether it is a path below the folder: what somebody wrote into a manifest by hand moves no other file. */
function isInside(value: unknown): boolean {
  if (typeof value !== 'string' || value === '' || value.includes('\0') || isAbsolute(value)) return false
  const parts = value.split(process.platform === 'win32' ? /[/\\]/u : '/')
  return parts.every((part) => part !== '' && part !== '.' && part !== '..')
}
