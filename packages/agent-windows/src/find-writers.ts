import { stat } from 'node:fs/promises'
import type { FindWriters, OpenWriters, Use } from '@varve/agent/platform/platform'
import { isOwn } from '@varve/engine/in-use/writers'
import { listAttached } from './powershell/attached-disks.ts'
import type { ScriptCaller } from './powershell/powershell-host.ts'
import type { OpenFiles } from './restart-manager.ts'

interface Found {
  readonly uses: readonly (readonly [path: string, use: Use])[]
  readonly unseen: OpenWriters['unseen']
}

/** Who uses which image: as a disk, as Hyper-V and Windows tell, and as a file that a program has open. */
export function findOpenAndAttached(scripts: ScriptCaller, files: OpenFiles): FindWriters {
  return async ({ named = [], descriptors = 'writing' } = {}): Promise<OpenWriters> => {
    const found = [await findAttached(scripts), findOpen(files, named, descriptors === 'all')]
    const uses = new Map<string, Use[]>()
    for (const [path, use] of found.flatMap((one) => one.uses)) {
      const file = await stat(path, { bigint: true }).catch(() => null)
      if (file === null) continue
      const key = `${file.dev}:${file.ino}`
      uses.set(key, [...(uses.get(key) ?? []), use])
    }
    return {
      of: ({ dev, ino }) => uses.get(`${dev}:${ino}`) ?? [],
      unseen: found.flatMap((one) => one.unseen),
    }
  }
}

async function findAttached(scripts: ScriptCaller): Promise<Found> {
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

const notTold = { what: 'not-told', system: 'Windows' } as const

/** `all`: those that only read count too, which Windows does not tell from those that write but by what it shares. */
function findOpen(files: OpenFiles, named: readonly string[], all: boolean): Found {
  if (named.length === 0) return { uses: [], unseen: [notTold] }
  try {
    const uses: [string, Use][] = []
    let isTold = true
    for (const path of named) {
      const isWritten = files.isWritten(path)
      const users = isWritten === true || all ? files.usersOf(path) : []
      if (isWritten === null || users === null) isTold = false
      const how = isWritten === true ? 'writes' : 'reads'
      const others = (users ?? []).filter(({ pid }) => !isOwn(pid, () => 0))
      uses.push(
        ...others.map(({ pid, name }): [string, Use] => [path, { by: 'process', pid, command: name, how }]),
      )
      // Somebody has it, and the Restart Manager does not know who.
      if (isWritten === true && (users ?? []).length === 0)
        uses.push([path, { by: 'lock', lock: 'it shares the file with nobody who writes' }])
    }
    return { uses, unseen: isTold ? [] : [notTold] }
  } catch {
    return { uses: [], unseen: [notTold] }
  }
}
