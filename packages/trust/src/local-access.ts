import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'

/** How who runs a controller is let in on its machine: by a file that only they can read. */
export interface LocalAccess {
  /** Where the controller listens, such as `http://127.0.0.1:7070`. */
  readonly url: string
  readonly key: string
  /** By what its certificate is known, for an address that is spoken to by TLS. */
  readonly fleet?: { readonly fleet: string; readonly roots: string[] } | undefined
}

const LocalAccessFile = z.object({
  version: z.literal(1),
  url: z.string().max(300),
  key: z.string().regex(/^varve-local\.[\w-]{43}$/u),
  fleet: z.object({ fleet: z.string().max(64), roots: z.array(z.string().max(32_768)).max(8) }).optional(),
})

const mark = 'varve-local'
const mostBytes = 64 * 1024

/** A new key, of 256 random bits. */
export function makeLocalKey(): string {
  return `${mark}.${randomBytes(32).toString('base64url')}`
}

export function isLocalKey(text: string): boolean {
  return text.startsWith(`${mark}.`)
}

/** The file of a controller that listens on `port` of this machine. */
export function localAccessFile(port: number, folder: string): string {
  return join(folder, `${port}.json`)
}

/** Where a controller that runs as a service of its own user keeps it too: in its data folder. */
export const localAccessName = 'access.json'
const serviceFile = join('/var/lib/varve/controller', localAccessName)

/** Writes the file; only this user can read it. */
export function writeLocalAccess(path: string, access: LocalAccess): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const staged = `${path}.${process.pid}.part`
  rmSync(staged, { force: true })
  const file = openSync(staged, 'wx', 0o600)
  try {
    writeSync(file, JSON.stringify({ version: 1, ...access }))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(staged, path)
}

/** Removes the file, unless another controller has written it since. */
export function removeLocalAccess(path: string, { key }: LocalAccess): void {
  if (readAccess(path)?.key === key) rmSync(path, { force: true })
}

/**
 * By what this user is let in at `url`; null: nothing that can be read here, or not the address that its controller wrote down. The key goes to
 * `addressed` only: at another address of loopback with that port another user may listen.
 */
export function findLocalAccess(url: string | URL, folder: string): LocalAccess | null {
  const parsed = URL.parse(String(url))
  if (!parsed) return null
  const port = portOf(parsed)
  const found = [localAccessFile(port, folder), serviceFile].map((path) => readAccess(path))
  return found.find((access) => access !== null && isOf(access, parsed)) ?? null
}

/** What a program of this user shows at `url`; nothing where no file lets it in. */
export function localAccessHeaders(url: string, folder: string): Record<string, string> {
  const access = findLocalAccess(url, folder)
  return access === null ? {} : { authorization: `Bearer ${access.key}` }
}

/** `url` at the address that the controller itself has written down: `localhost` may be several. */
export function addressed(url: string | URL, access: LocalAccess): URL {
  const at = new URL(url)
  at.hostname = new URL(access.url).hostname
  return at
}

function isOf(access: LocalAccess, asked: URL): boolean {
  const at = URL.parse(access.url)
  if (!at || portOf(at) !== portOf(asked)) return false
  return asked.hostname === at.hostname || (asked.hostname === 'localhost' && isLoopback(at.hostname))
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/u.test(name)
}

function portOf({ port, protocol }: URL): number {
  return Number(port === '' ? (protocol.endsWith('s:') ? 443 : 80) : port)
}

/** Null: there is none, it cannot be read, others can write it or it belongs to somebody else. */
function readAccess(path: string): LocalAccess | null {
  try {
    const { size, mode, uid } = statSync(path)
    const isOwn = process.platform === 'win32' || uid === process.getuid?.() || process.getuid?.() === 0
    if (size > mostBytes || !isOwn || (process.platform !== 'win32' && (mode & 0o077) !== 0)) return null
    return LocalAccessFile.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return null
  }
}
