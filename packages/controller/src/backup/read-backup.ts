import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Decrypter } from 'age-encryption'
import { DiskError } from '@varve/core/problems/disk-error'
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar'
import { controllerVersion } from '../package.ts'
import {
  AnyBackupFacts,
  BackupFacts,
  factsName,
  isNewer,
  mostFactsBytes,
  neededParts,
  type BackupPart,
} from './backup-facts.ts'

export interface ReadOptions {
  readonly decrypter: Decrypter
  readonly signal: AbortSignal
  /** Told what the backup is of, before its parts. */
  readonly onFacts?: (facts: BackupFacts) => Promise<void>
  /** Takes the bytes of a part; without it they are looked at only. */
  readonly onPart?: (part: BackupPart, bytes: AsyncIterable<Uint8Array>) => Promise<void>
}

const firstLine = 'age-encryption.org/v1\n'
/** What stands before the encrypted bytes is looked at as a whole: a key for each recipient, some 2 KiB at the most. */
const mostHeaderBytes = 256 * 1024

/**
 * Reads a backup from its first to its last byte, and compares each part with what its beginning says of it. Throws coded
 * errors: what was made by others, or changed, is never more than read.
 */
export async function readBackup(file: string, options: ReadOptions): Promise<BackupFacts> {
  const { decrypter, signal } = options
  await assertIsAge(file)
  let facts: BackupFacts | null = null
  let isOpen = false
  try {
    await pipeline(
      createReadStream(file, { highWaterMark: 256 * 1024 }),
      async function* (sealed: AsyncIterable<Uint8Array>) {
        const opened = await decrypter.decrypt(ReadableStream.from(sealed))
        isOpen = true
        yield* opened
      },
      createGunzip(),
      async function (packed: AsyncIterable<Uint8Array>) {
        facts = await readParts(file, packed, options)
      },
      { signal },
    )
  } catch (error) {
    signal.throwIfAborted()
    throw isOpen ? damageOf(file, error) : notOpened(file, error)
  }
  if (facts === null) throw damaged(file, 'it has nothing in it')
  return facts
}

/** Its beginning is looked at before anything is read into memory until a line of it ends. */
async function assertIsAge(file: string): Promise<void> {
  const bytes = Buffer.alloc(mostHeaderBytes)
  let length = 0
  try {
    await using handle = await open(file, 'r')
    if (!(await handle.stat()).isFile()) throw noBackup(file)
    length = (await handle.read(bytes, 0, bytes.length, 0)).bytesRead
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ENOENT') throw new DiskError('not-found', { file }, { cause: error })
    throw damageOf(file, error)
  }
  const header = bytes.subarray(0, length).toString('latin1')
  if (!header.startsWith(firstLine) || !/\n--- [^\n]*\n/u.test(header)) throw noBackup(file)
}

async function readParts(
  file: string,
  packed: AsyncIterable<Uint8Array>,
  { onFacts, onPart }: ReadOptions,
): Promise<BackupFacts> {
  const entries = ReadableStream.from(packed)
    .pipeThrough(createTarDecoder({ strict: true }))
    .getReader()
  const next = async () => (await entries.read()).value ?? null
  const first = await next()
  if (first?.header.name !== factsName || first.header.type !== 'file')
    throw refused(file, 'it is a file of age, but no backup of a controller')
  const facts = await readFacts(file, first)
  await onFacts?.(facts)
  for (const part of facts.parts) {
    const entry = await next()
    if (entry === null) throw damaged(file, `${part.name} is not in it`)
    const { name, size, type } = entry.header
    if (name !== part.name || size !== part.size || type !== 'file')
      throw damaged(file, `where ${part.name} should be, of ${part.size} bytes, it has something else`)
    const hash = createHash('sha256')
    const hashed = hashing(entry.body, hash)
    if (onPart) await onPart(part, hashed)
    else for await (const _ of hashed);
    if (hash.digest('hex') !== part.sha256)
      throw damaged(file, `the bytes of ${part.name} are not those of which it was made`)
  }
  if ((await next()) !== null) throw damaged(file, 'there is more in it than it says')
  return facts
}

async function readFacts(file: string, { header, body }: ParsedTarEntry): Promise<BackupFacts> {
  if (header.size > mostFactsBytes) throw damaged(file, `${factsName} is larger than one can be`)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  let said: unknown
  try {
    said = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw damaged(file, `${factsName} is no JSON`)
  }
  const any = AnyBackupFacts.safeParse(said)
  if (!any.success) throw damaged(file, `${factsName} does not say its format`)
  if (any.data.format > 1 || isNewer(any.data.version, controllerVersion))
    throw refused(
      file,
      `it was made by Varve ${any.data.version.replaceAll(/[^\w.-]/gu, '?')}, and this is ${controllerVersion}`,
      'Restore it with that version or a later one.',
    )
  const facts = BackupFacts.safeParse(said)
  if (!facts.success) {
    const [issue] = facts.error.issues
    throw damaged(
      file,
      `${factsName} is not as it should be at ${issue?.path.join('.') ?? ''}: ${issue?.message}`,
    )
  }
  const missing = neededParts.filter((name) => !facts.data.parts.some((part) => part.name === name))
  if (missing.length > 0) throw damaged(file, `it lacks ${missing.join(', ')}`)
  return facts.data
}

async function* hashing(
  body: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    hash.update(chunk)
    yield chunk
  }
}

function notOpened(file: string, error: unknown): unknown {
  const reason = error instanceof Error ? error.message : String(error)
  if (isOfSystem(error)) return damageOf(file, error)
  if (/no identity matched/u.test(reason))
    return refused(
      file,
      'it does not open: the passphrase or the key is another one',
      'A backup opens with what it was made with: its passphrase, or the private key of one of its recipients.',
    )
  return damaged(file, `its beginning cannot be understood: ${reason}`)
}

function isOfSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

/** Errors of ours and of the system stay; what libraries say of the bytes is damage. */
function damageOf(file: string, error: unknown): unknown {
  if (error instanceof DiskError) return error
  const reason = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'ENOSPC' || code === 'EDQUOT') return error
  if (isOfSystem(error)) return new DiskError('not-readable', { file, reason }, { cause: error })
  return damaged(file, reason, error)
}

function damaged(file: string, reason: string, cause?: unknown): DiskError {
  return new DiskError(
    'refused',
    {
      file,
      layer: 'L1',
      reason: `it was changed or cut short since it was made: ${reason}`,
      remedy: 'Take another copy of it, or another backup. Nothing was restored.',
    },
    { cause },
  )
}

function noBackup(file: string): DiskError {
  return refused(file, 'it is no backup of a controller: it does not begin as a file of age does')
}

function refused(
  file: string,
  reason: string,
  remedy = 'Name a file that varve controller backup has written.',
): DiskError {
  return new DiskError('refused', { file, layer: 'L1', reason, remedy })
}
