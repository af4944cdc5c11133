import type { FindWriters } from '@varve/agent/platform/platform'
import type { OpenFiles } from '@varve/engine/in-use/windows-open-files'
import { byIdentity, findOpenFiles, type NamedUses } from '@varve/engine/in-use/windows-writers'
import { listAttached } from './powershell/attached-disks.ts'
import type { ScriptCaller } from './powershell/powershell-host.ts'

/** Who uses which image: as a disk, as Hyper-V and Windows tell, and as a file that a program has open. */
export function findOpenAndAttached(scripts: ScriptCaller, files: OpenFiles): FindWriters {
  return async (options = {}) =>
    await byIdentity([await findAttached(scripts), findOpenFiles(files, options)])
}

async function findAttached(scripts: ScriptCaller): Promise<NamedUses> {
  try {
    const { disks, machines, mounted } = await listAttached(scripts)
    return {
      uses: disks.map(({ path, machine }) => [path, { by: 'attached', machine }]),
      unseen: [
        ...(machines === 'no-rights' ? [{ what: 'not-told' as const, system: 'Hyper-V' }] : []),
        ...(mounted === 'no-module' ? [{ what: 'not-told' as const, system: 'the Storage module' }] : []),
      ],
    }
  } catch {
    return { uses: [], unseen: [{ what: 'tool-failed', tool: 'powershell' }] }
  }
}
