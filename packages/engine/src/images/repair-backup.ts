import { createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { randomHex } from '@varve/core/binary/random-hex'
import { fromHex, toHex } from '@varve/core/binary/hex'
import { mostRepairBytes } from '@varve/core/image/repair-plan'
import { DiskError, renamedIn } from '@varve/core/problems/disk-error'
import { publishFile } from '../files/publish-file.ts'
import { createOutput } from '../run/output-file.ts'
import { stagedPath } from '../files/staged-name.ts'
import { readError } from '../system/system-error.ts'

/** One range of the image: what it held, and what the repair wrote. */
export interface BackupRecord {
  readonly at: number
  /** Shorter than `after` where the repair made the file longer. */
  readonly before: Uint8Array
  readonly after: Uint8Array
}

/** What is needed to take a repair back (docs/check.md). */
export interface RepairBackup {
  /** Bytes of the image before and after the repair. */
  readonly sizeBefore: number
  readonly sizeAfter: number
  readonly records: readonly BackupRecord[]
}

const kind = 'varve repair backup 1'
/** Hexadecimal of both sides of every byte, and the words around it. */
const longestFile = 8 * mostRepairBytes

/** Writes the backup as a new file; it is on the medium when this returns. Throws `target-exists`, `not-writable`… */
export async function writeBackup(path: string, backup: RepairBackup): Promise<void> {
  const body = {
    kind,
    sizeBefore: backup.sizeBefore,
    sizeAfter: backup.sizeAfter,
    records: backup.records.map(({ at, before, after }) => ({
      at,
      before: toHex(before),
      after: toHex(after),
    })),
  }
  const text = `${JSON.stringify({ ...body, sha256: digestOf(body) })}\n`
  const bytes = new TextEncoder().encode(text)
  // Whole or not there: who was killed in between finds no half of a backup under its name.
  const hidden = stagedPath(path, randomHex(6))
  {
    await using output = await createOutput(hidden)
    await output.write([{ at: 0, bytes }])
    await output.keep(bytes.length, 'synced')
  }
  try {
    await publishFile(hidden, path)
  } catch (error) {
    await rm(hidden, { force: true })
    throw renamedIn(error, hidden, path)
  }
}

/** Reads a backup; throws `corrupt` for anything else than what `writeBackup` wrote, and `limit-exceeded`. */
export async function readBackup(path: string): Promise<RepairBackup> {
  const text = await readText(path)
  const bad = (reason: string) => new DiskError('corrupt', { file: path, structure: 'repair backup', reason })
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw bad('it is not JSON')
  }
  if (!isStored(parsed)) throw bad('it is not a backup of a repair')
  const { sha256, ...body } = parsed
  if (digestOf(body) !== sha256) throw bad('its checksum is wrong')
  const records = parsed.records.map(({ at, before, after }) => ({
    at,
    before: fromHex(before) ?? new Uint8Array(0),
    after: fromHex(after) ?? new Uint8Array(0),
  }))
  return { sizeBefore: parsed.sizeBefore, sizeAfter: parsed.sizeAfter, records }
}

async function readText(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    if (size > longestFile)
      throw new DiskError('limit-exceeded', {
        file: path,
        what: 'size of the backup',
        value: size,
        limit: longestFile,
      })
    return await file.readFile('utf8')
  } catch (error) {
    throw readError(error, path)
  }
}

interface StoredBody {
  readonly kind: string
  readonly sizeBefore: number
  readonly sizeAfter: number
  readonly records: readonly { readonly at: number; readonly before: string; readonly after: string }[]
}

function digestOf(body: StoredBody): string {
  const { kind: name, sizeBefore, sizeAfter, records } = body
  const text = JSON.stringify([
    name,
    sizeBefore,
    sizeAfter,
    records.map(({ at, before, after }) => [at, before, after]),
  ])
  return createHash('sha256').update(text).digest('hex')
}

function isStored(value: unknown): value is StoredBody & { readonly sha256: string } {
  if (typeof value !== 'object' || value === null) return false
  if (!('kind' in value) || value.kind !== kind || !('sha256' in value) || typeof value.sha256 !== 'string')
    return false
  if (!('sizeBefore' in value) || !isSize(value.sizeBefore)) return false
  if (!('sizeAfter' in value) || !isSize(value.sizeAfter)) return false
  return 'records' in value && Array.isArray(value.records) && value.records.every(isRecord)
}

function isRecord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return (
    'at' in value &&
    isSize(value.at) &&
    'before' in value &&
    typeof value.before === 'string' &&
    'after' in value &&
    typeof value.after === 'string'
  )
}

function isSize(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
