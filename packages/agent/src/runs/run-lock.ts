import { randomBytes } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { systemCode, writeError } from '@varve/engine/files/system-error'

/** Who holds a lock: a process that lives. */
export interface Holder {
  readonly pid: number
  /** When that process began, where the system tells: an id is used again. */
  readonly began: string | null
}

/** Takes the lock file `path`; gives the living holder when somebody else has it. A dead holder's lock is taken over. */
export async function takeLock(path: string): Promise<AsyncDisposable | Holder> {
  const holder: Holder = { pid: process.pid, began: await beginningOf(process.pid) }
  const mine = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`
  await writeFile(mine, JSON.stringify(holder), { flag: 'wx' }).catch((error: unknown) => {
    throw writeError(error, path)
  })
  try {
    for (;;) {
      // A link is made whole or not at all: a lock always names its holder.
      const isTaken = await link(mine, path).then(
        () => false,
        (error: unknown) => {
          if (systemCode(error) === 'EEXIST') return true
          throw writeError(error, path)
        },
      )
      if (!isTaken) return { [Symbol.asyncDispose]: async () => rm(path, { force: true }) }
      const other = await holderOf(path)
      if (other) return other
      await rm(path, { force: true })
    }
  } finally {
    await rm(mine, { force: true })
  }
}

/** The living process that holds the lock; null: nobody. */
export async function holderOf(path: string): Promise<Holder | null> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const holder = parse(text)
  if (holder === null || !isAlive(holder.pid)) return null
  const began = await beginningOf(holder.pid)
  return holder.began === null || began === null || began === holder.began ? holder : null
}

function parse(text: string): Holder | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number')
      return null
    const began = 'began' in value && typeof value.began === 'string' ? value.began : null
    return { pid: value.pid, began }
  } catch {
    return null
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Another user's process cannot be asked, but it is there.
    return systemCode(error) === 'EPERM'
  }
}

/** Field 22 of `/proc/<pid>/stat` with the boot's id: no other process ever has both (proc(5)). */
async function beginningOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const ticks = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return ticks === undefined ? null : `${boot.trim()}:${ticks}`
}
