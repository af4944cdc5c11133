import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { z } from 'zod'

/** Encrypts what is secret at rest, AES-256-GCM. */
export interface Secrets {
  /** `purpose` says what the secret is: it is not opened as another one. */
  seal(purpose: string, secret: Uint8Array): string
  /** Throws `refused` when it was sealed by another key, for another purpose, or changed. */
  open(purpose: string, sealed: string): Buffer
}

export interface SecretsOptions {
  /** Without it the key lies in the folder as it is, readable by its owner only. */
  readonly passphrase?: string | null
}

/** Name of the key file in its folder. */
export const keyFileName = 'secrets.key'

const algorithm = 'aes-256-gcm'
const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const mark = 's1'
/** Costs about a third of a second and 128 MiB: OWASP's figures for scrypt. */
const cost = { N: 131_072, r: 8, p: 1, maxmem: 256 * 1024 * 1024 } as const

const Base64 = z.base64url().max(1000)
const KeyFile = z.discriminatedUnion('kind', [
  z.object({ version: z.literal(1), kind: z.literal('plain'), key: Base64 }),
  z.object({
    version: z.literal(1),
    kind: z.literal('passphrase'),
    salt: Base64,
    wrapped: z.string().max(1000),
  }),
])
type KeyFile = z.infer<typeof KeyFile>

/**
 * Opens the key of a data folder, or makes one. A passphrase given for a key that has none is put round it, from then on it is
 * needed. Throws `refused`: others may read the key, the passphrase is missing or wrong, the file is damaged.
 */
export function openSecrets(folder: string, { passphrase = null }: SecretsOptions = {}): Secrets {
  const path = join(folder, keyFileName)
  const known = existsSync(path) ? readKeyFile(path) : null
  const key = known === null ? randomBytes(keyBytes) : keyIn(known, passphrase, path)
  if (known === null || (known.kind === 'plain' && passphrase !== null)) writeKeyFile(path, key, passphrase)
  return secretsBy(key, path)
}

function secretsBy(key: Buffer, path: string): Secrets {
  return {
    seal(purpose, secret) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(purpose))
      const bytes = Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
      return `${mark}.${bytes.toString('base64url')}`
    },
    open(purpose, sealed) {
      const bytes = Buffer.from(
        sealed.startsWith(`${mark}.`) ? sealed.slice(mark.length + 1) : '',
        'base64url',
      )
      try {
        const end = bytes.length - tagBytes
        const cipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), {
          authTagLength: tagBytes,
        })
        cipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(end))
        return Buffer.concat([cipher.update(bytes.subarray(nonceBytes, end)), cipher.final()])
      } catch (error) {
        throw new DiskError(
          'refused',
          {
            file: path,
            reason: `the secret of ${purpose} cannot be opened with this key`,
            remedy: 'Put back the key file that belongs to this data folder: both come from one backup.',
          },
          { cause: error },
        )
      }
    },
  }
}

function readKeyFile(path: string): KeyFile {
  const refuse = (reason: string, remedy: string) => new DiskError('refused', { file: path, reason, remedy })
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
    throw refuse(
      'others on this machine may read it',
      `Take that from them: chmod 600 ${path}, and see who had it.`,
    )
  try {
    return KeyFile.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    throw refuse('it is damaged', 'Put it back from the backup of this data folder.')
  }
}

function keyIn(file: KeyFile, passphrase: string | null, path: string): Buffer {
  if (file.kind === 'plain') return Buffer.from(file.key, 'base64url')
  const refuse = (reason: string) =>
    new DiskError('refused', {
      file: path,
      reason,
      remedy: 'Give it by --passphrase-file FILE or in the environment as VARVE_PASSPHRASE_FILE.',
    })
  if (passphrase === null) throw refuse('it is kept under a passphrase, and none was given')
  try {
    return secretsBy(derive(passphrase, file.salt), path).open('key', file.wrapped)
  } catch {
    throw refuse('the passphrase is another one')
  }
}

function writeKeyFile(path: string, key: Buffer, passphrase: string | null): void {
  const staged = `${path}.new`
  const handle = openSync(staged, 'w', 0o600)
  try {
    writeSync(handle, `${JSON.stringify(keyFileOf(key, passphrase, path))}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(staged, path)
}

function keyFileOf(key: Buffer, passphrase: string | null, path: string): KeyFile {
  if (passphrase === null) return { version: 1, kind: 'plain', key: key.toString('base64url') }
  const salt = randomBytes(16).toString('base64url')
  const wrapped = secretsBy(derive(passphrase, salt), path).seal('key', key)
  return { version: 1, kind: 'passphrase', salt, wrapped }
}

function derive(passphrase: string, salt: string): Buffer {
  return scryptSync(passphrase.normalize('NFC'), Buffer.from(salt, 'base64url'), keyBytes, cost)
}
