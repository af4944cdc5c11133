import { existsSync } from 'node:fs'
import { findLinuxWriters } from './linux-writers.ts'
import type { FindWritersOptions, OpenWriters } from './writers.ts'

/** A fresh look at who may write to which file on this host. Where the system does not tell, `unseen` says so. */
export async function findWriters(options: FindWritersOptions = {}): Promise<OpenWriters> {
  if (process.platform !== 'linux')
    return unseen(`which programs have it open: ${systemName()} does not tell`)
  if (!existsSync('/proc/self/fd')) return unseen('which programs have it open: /proc is not mounted')
  return await findLinuxWriters({ proc: '/proc', sys: '/sys' }, options)
}

/** An answer that knows nothing. */
function unseen(what: string): OpenWriters {
  return { of: () => [], unseen: what }
}

function systemName(): string {
  const names: Partial<Record<NodeJS.Platform, string>> = { win32: 'Windows', darwin: 'macOS' }
  return names[process.platform] ?? 'this system'
}
