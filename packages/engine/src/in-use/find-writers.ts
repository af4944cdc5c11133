import { existsSync } from 'node:fs'
import type { Unseen } from '@varve/core/problems/use'
import { findLinuxWriters } from './linux-writers.ts'
import { openFiles } from './windows-open-files.ts'
import { byIdentity, findOpenFiles } from './windows-writers.ts'
import type { FindWriters, FindWritersOptions, OpenWriters } from './writers.ts'

/** How this process asks its system; Linux and Windows are asked without a tool. */
let system: FindWriters = async (options = {}) => {
  if (process.platform === 'win32') return await byIdentity([findOpenFiles(openFiles(), options)])
  if (process.platform !== 'linux') return unseen({ what: 'not-told', system: systemName() })
  if (!existsSync('/proc/self/fd')) return unseen({ what: 'no-proc' })
  return await findLinuxWriters({ proc: '/proc', sys: '/sys' }, options)
}

/** Systems that are asked by tools are asked by `find` from now on, everywhere in this process. */
export function askSystemBy(find: FindWriters): void {
  system = find
}

/** A fresh look at who uses which file on this host, as its system tells. What it does not tell is `unseen`. */
export async function findWriters(options: FindWritersOptions = {}): Promise<OpenWriters> {
  return await system(options)
}

/** An answer that knows nothing. */
function unseen(what: Unseen): OpenWriters {
  return { of: () => [], unseen: [what] }
}

function systemName(): string {
  return process.platform === 'darwin' ? 'macOS' : 'this system'
}
