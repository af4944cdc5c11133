import { stat } from 'node:fs/promises'
import type { FindWriters, OpenWriters, Use } from '@varve/agent/platform/platform'
import { listAttached } from './powershell/attached-disks.ts'
import type { ScriptCaller } from './powershell/powershell-host.ts'

/** Who has which image attached, as Hyper-V and Windows tell; which program has a file open Windows tells nobody. */
export function findAttached(scripts: ScriptCaller): FindWriters {
  return async (): Promise<OpenWriters> => {
    const unseen = [{ what: 'not-told', system: 'Windows' }] as const
    const uses = new Map<string, Use[]>()
    try {
      const { disks, machines, mounted } = await listAttached(scripts)
      for (const { path, machine } of disks) {
        const file = await stat(path, { bigint: true }).catch(() => null)
        if (file === null) continue
        const key = `${file.dev}:${file.ino}`
        uses.set(key, [...(uses.get(key) ?? []), { by: 'attached', machine }])
      }
      return {
        of: ({ dev, ino }) => uses.get(`${dev}:${ino}`) ?? [],
        unseen: [
          ...unseen,
          ...(machines === 'no-rights' ? [{ what: 'not-told' as const, system: 'Hyper-V' }] : []),
          ...(mounted === 'no-module' ? [{ what: 'not-told' as const, system: 'the Storage module' }] : []),
        ],
      }
    } catch {
      return { of: () => [], unseen: [...unseen, { what: 'tool-failed', tool: 'powershell' }] }
    }
  }
}
