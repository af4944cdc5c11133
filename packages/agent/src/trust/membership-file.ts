import { randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { makeFolder } from '@varve/engine/system/make-folder'
import { systemCode, writeError } from '@varve/engine/system/system-error'
import { Membership } from '@varve/protocol/trust'
import { z } from 'zod'

const Kept = Membership.unwrap().extend({
  version: z.literal(1),
  /** WebSocket address of the fleet's controller. */
  controller: z.url({ protocol: /^wss$/u }),
  /** PKCS #8, PEM: never leaves this host. */
  key: z.string().min(1).max(8192),
  /** When it was given, and a third of its life before it ends it is renewed. */
  issuedAt: z.iso.datetime(),
})

/** What an agent is in its fleet, and believes it by. */
export type KeptMembership = Readonly<z.infer<typeof Kept>>

const fileName = 'membership.json'
/** More than a membership takes. */
const roomBytes = 64 * 1024

/** Where agents keep what they must not lose when no folder is named. */
export function defaultDataFolder(env: Readonly<Record<string, string | undefined>>): string {
  if (process.platform !== 'win32' && process.getuid?.() === 0) return '/var/lib/varve/agent'
  return join(env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'varve', 'agent')
}

/** Reads what an earlier `join` left in the folder; null: it has not joined. Throws `refused` for a file that is open to others or damaged. */
export function readMembership(folder: string): KeptMembership | null {
  const path = join(folder, fileName)
  const refuse = (reason: string, remedy: string) => new DiskError('refused', { file: path, reason, remedy })
  try {
    const text = readFileSync(path, 'utf8')
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
      throw refuse(
        'others on this machine may read the key of this host',
        `Take that from them: chmod 600 ${path}. Whoever had it can speak for this host: join it anew.`,
      )
    return Object.freeze(Kept.parse(JSON.parse(text)))
  } catch (error) {
    if (error instanceof DiskError) throw error
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return null
    throw refuse(
      'it cannot be read, or is damaged',
      'Put it back from a backup, or join the host to its fleet anew.',
    )
  }
}

/** Throws a coded error unless a membership can be kept in the folder, before anything is asked for it. */
export async function assertKeepable(folder: string): Promise<void> {
  await makeFolder(folder, 0o700)
  const probe = join(folder, `.${fileName}.${randomUUID()}`)
  try {
    await writeFile(probe, Buffer.alloc(roomBytes), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    throw writeError(error, folder)
  } finally {
    await rm(probe, { force: true })
  }
}

/** Keeps it so that a crash leaves the old one or the new one, readable by its owner only. */
export async function writeMembership(folder: string, kept: KeptMembership): Promise<void> {
  await makeFolder(folder, 0o700)
  const staged = join(folder, `.${fileName}.${randomUUID()}`)
  try {
    await using file = await open(staged, 'wx', 0o600)
    await file.writeFile(`${JSON.stringify(kept)}\n`)
    await file.sync()
    await rename(staged, join(folder, fileName))
  } catch (error) {
    throw writeError(error, folder)
  } finally {
    await rm(staged, { force: true })
  }
}
