import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * All locks of the machine, proc(5); empty where it does not tell. The kernel waits for all processors first
 * (`percpu_down_write`, fs/locks.c), which takes ten milliseconds and more; who asks again right after is answered at once.
 */
export async function readLockTable(proc: string): Promise<string> {
  return await readFile(join(proc, 'locks'), 'latin1').catch(() => '')
}

/** Has the kernel begin to wait, for who is about to look who uses a file. */
export function expectLook(): void {
  if (process.platform === 'linux') void readLockTable('/proc')
}
