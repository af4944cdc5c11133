import { chmod, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { takeLock } from '@varve/engine/in-use/holder'
import { makeFolder } from '@varve/engine/system/make-folder'
import { ConfigError } from './config.ts'

/** An agent that was told to stop is gone before: one that takes its place waits for it. */
const patienceMs = 4000
const askMs = 100

/**
 * Makes the folder of an agent's data its own: closed to other users, and held by this process until it ends, however that ends.
 * The lock names the folder too, so that one which was copied is not taken for held. Throws `ConfigError` when another agent has it.
 */
export async function holdDataFolder(folder: string): Promise<AsyncDisposable> {
  await makeFolder(folder, 0o700)
  const { ino, mode } = await stat(folder, { bigint: true })
  // One that is another user's stays as that has it; keys in it are looked at by themselves.
  if (process.platform !== 'win32' && (mode & 0o77n) !== 0n) await chmod(folder, 0o700).catch(() => {})
  const path = join(folder, `.agent-${ino}.lock`)
  const end = performance.now() + patienceMs
  for (;;) {
    const taken = await takeLock(path)
    if (!('pid' in taken)) return taken
    if (performance.now() > end)
      throw new ConfigError(
        `--data ${folder}: another agent works with it (process ${taken.pid}): stop that one, or give this one a folder of its own`,
      )
    await sleep(askMs)
  }
}
