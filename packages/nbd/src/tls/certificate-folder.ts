import { open, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import type { ClientTls, ServerTls } from './tls-options.ts'

/** Bytes of the largest file that is read as a certificate, key or list. */
const largestFile = 1024 * 1024

/** Where libnbd looks for a client's certificates when nobody says where they are. */
export function usualFolders(): readonly string[] {
  const ofSystem = '/etc/pki/libnbd'
  if (process.platform === 'win32') return []
  if (process.getuid?.() === 0) return [ofSystem]
  return [join(homedir(), '.pki/libnbd'), join(homedir(), '.config/pki/libnbd')]
}

/**
 * The certificates of a client in the layout of libnbd: `ca-cert.pem`, and where the server wants one of this side
 * `client-cert.pem` with `client-key.pem`; `ca-crl.pem` where some are revoked. `folder` null: the usual ones; `address` is what asks for them. Throws `refused`.
 */
export async function readClientFolder(folder: string | null, address: string): Promise<ClientTls> {
  const found = folder ?? (await firstOf(usualFolders()))
  if (found === null)
    throw new DiskError('refused', {
      file: address,
      reason:
        'TLS needs the certificate of the authority that the server is of, and nobody has said where it is',
      remedy: 'Say --tls-certificates FOLDER with ca-cert.pem, client-cert.pem and client-key.pem.',
    })
  const ca = await readCertificate(join(found, 'ca-cert.pem'))
  const crl = await readCertificate(join(found, 'ca-crl.pem'), 'may be missing')
  const certificate = await readCertificate(join(found, 'client-cert.pem'), 'may be missing')
  const revoked = crl === null ? {} : { crl }
  if (certificate === null) return { ca, ...revoked }
  return { ca, ...revoked, certificate, key: await readKey(join(found, 'client-key.pem')) }
}

/** Those of a server: `ca-cert.pem`, `server-cert.pem`, `server-key.pem`, and `ca-crl.pem` where some are revoked. Throws `refused`. */
export async function readServerFolder(
  folder: string,
): Promise<Pick<ServerTls, 'ca' | 'crl' | 'certificate' | 'key'>> {
  const ca = await readCertificate(join(folder, 'ca-cert.pem'))
  const crl = await readCertificate(join(folder, 'ca-crl.pem'), 'may be missing')
  const certificate = await readCertificate(join(folder, 'server-cert.pem'))
  const key = await readKey(join(folder, 'server-key.pem'))
  return { ca, ...(crl !== null && { crl }), certificate, key }
}

async function firstOf(folders: readonly string[]): Promise<string | null> {
  for (const folder of folders)
    if ((await stat(folder).catch(() => null))?.isDirectory() === true) return folder
  return null
}

const layout =
  'The folder holds ca-cert.pem and, by their side, client-cert.pem with client-key.pem or server-cert.pem with server-key.pem.'

async function readCertificate(path: string): Promise<string>
async function readCertificate(path: string, missing: 'may be missing'): Promise<string | null>
async function readCertificate(path: string, missing?: 'may be missing'): Promise<string | null> {
  try {
    return (await readSmall(path)).text
  } catch (error) {
    if (missing !== undefined && codeOf(error) === 'ENOENT') return null
    throw refused(path, error)
  }
}

/** A key that others can read is one that others have. */
async function readKey(path: string): Promise<string> {
  const { text, mode, owner } = await readSmall(path).catch((error: unknown) => {
    throw refused(path, error)
  })
  const own = process.getuid?.()
  if (own === undefined) return text
  // A group that root gives a key to reads it, as of Debian's ssl-cert.
  const isOpen = (mode & (owner === 0 ? 0o037 : 0o077)) !== 0
  if (!isOpen && (owner === own || owner === 0)) return text
  throw new DiskError('refused', {
    file: path,
    reason: isOpen
      ? `the key can be read by others (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`
      : 'the key belongs to another user',
    remedy: 'chmod 600 the file, as its owner; if others may have read it, make a new key.',
  })
}

async function readSmall(path: string): Promise<{ text: string; mode: number; owner: number }> {
  await using file = await open(path)
  const { size, mode, uid } = await file.stat()
  if (size > largestFile) throw new RangeError(`it has ${size} bytes`)
  return { text: await file.readFile('utf8'), mode, owner: uid }
}

function refused(path: string, error: unknown): DiskError {
  const reason = codeOf(error) === 'ENOENT' ? 'there is no such file' : `it cannot be read (${codeOf(error)})`
  return new DiskError('refused', { file: path, layer: 'L1', reason, remedy: layout }, { cause: error })
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
