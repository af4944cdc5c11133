import { readdir, readFile, stat } from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import { DiskError } from '@varve/core/problems/disk-error'

/** O_WRONLY and O_RDWR of open(2). */
const writingModes = 0b11

/**
 * Throws `in-use` when another process has a lock on the file (QEMU has, for every image that it opens) or has it open for
 * writing. Only Linux tells; without root, of processes of the same user.
 */
export async function assertNotInUse(path: string): Promise<void> {
  if (process.platform !== 'linux') return
  const file = await stat(path, { bigint: true })
  const by = (await lockedBy(file)) ?? (await writtenBy(file))
  if (by !== null) throw new DiskError('in-use', { file: path, by })
}

/** `/proc/locks`: `1: OFDLCK ADVISORY READ -1 08:01:123 100 100`. */
async function lockedBy({ dev, ino }: BigIntStats): Promise<string | null> {
  const text = await readFile('/proc/locks', 'latin1').catch(() => '')
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
  const hex = (value: bigint) => value.toString(16).padStart(2, '0')
  const own = `${hex(major)}:${hex(minor)}:${ino}`
  for (const line of text.split('\n')) {
    const [, kind, , , pid, place] = line.trim().split(/\s+/u)
    if (place === own && Number(pid) !== process.pid) return `a lock (${kind}, process ${pid})`
  }
  return null
}

async function writtenBy({ dev, ino }: BigIntStats): Promise<string | null> {
  for (const pid of await namesIn('/proc')) {
    if (!/^\d+$/u.test(pid) || Number(pid) === process.pid) continue
    for (const descriptor of await namesIn(`/proc/${pid}/fd`)) {
      const stats = await stat(`/proc/${pid}/fd/${descriptor}`, { bigint: true }).catch(() => null)
      if (stats?.dev !== dev || stats.ino !== ino) continue
      const text = await readFile(`/proc/${pid}/fdinfo/${descriptor}`, 'latin1').catch(() => '')
      const flags = /^flags:\s*([0-7]+)/mu.exec(text)?.[1] ?? '0'
      if ((Number.parseInt(flags, 8) & writingModes) === 0) continue
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a process')
      return `${name.trim().slice(0, 64)} (process ${pid})`
    }
  }
  return null
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => [])
}
