import { stat } from 'node:fs/promises'
import type { FindWriters, OpenWriters, Use } from '@varve/agent/platform/platform'
import type { ToolRunner } from '@varve/agent/tools/tool-command'
import { listAttachedDisks } from './tools/hyper-v/commands.ts'

const powershell = 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe'

/** Who has which image attached, as Hyper-V and Windows tell; which program has a file open Windows tells nobody. */
export function findAttached(runner: ToolRunner, { path = powershell } = {}): FindWriters {
  return async (): Promise<OpenWriters> => {
    const unseen = [{ what: 'not-told', system: 'Windows' }] as const
    const uses = new Map<string, Use[]>()
    try {
      for (const disk of await runner.run(listAttachedDisks(), { path })) {
        const file = await stat(disk.path, { bigint: true }).catch(() => null)
        if (file === null) continue
        const key = `${file.dev}:${file.ino}`
        uses.set(key, [...(uses.get(key) ?? []), { by: 'attached', machine: disk.machine }])
      }
    } catch {
      return { of: () => [], unseen: [...unseen, { what: 'tool-failed', tool: 'powershell' }] }
    }
    return { of: ({ dev, ino }) => uses.get(`${dev}:${ino}`) ?? [], unseen: [...unseen] }
  }
}
