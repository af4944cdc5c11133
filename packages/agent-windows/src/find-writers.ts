import { stat } from 'node:fs/promises'
import type { FindWriters, OpenWriters, Use } from '@varve/agent/platform/platform'
import type { WindowsHost } from '@varve/agent/platform/windows-host'

/** Who has which image attached, as Hyper-V and Windows tell; which program has a file open Windows tells nobody. */
export function findAttached(windows: WindowsHost): FindWriters {
  return async ({ locks, descriptors } = {}): Promise<OpenWriters> => {
    const unseen = [{ what: 'not-told', system: 'Windows' }] as const
    const uses = new Map<string, Use[]>()
    const note = async (path: string, use: Use) => {
      const file = await stat(path, { bigint: true }).catch(() => null)
      if (file === null) return
      const key = `${file.dev}:${file.ino}`
      uses.set(key, [...(uses.get(key) ?? []), use])
    }
    try {
      const { told, machines } = await windows.machines()
      const { disks, by } = await windows.disks(null)
      // What is only read disturbs nobody who reads.
      const isReading = locks !== 'all' && descriptors !== 'all'
      for (const { image, disk } of disks)
        if (!isReading || !disk.readOnly) await note(image, { by: 'attached', machine: null })
      for (const { name, state, drives, checkpoints } of machines) {
        for (const { path } of state === 'Off' ? [] : drives)
          await note(path, { by: 'attached', machine: name })
        // They are only read: what changes them loses the checkpoints.
        if (isReading) continue
        const standing = checkpoints.all.length === 0 ? [] : drives.map(({ path }) => path)
        const files = new Set([...standing, ...checkpoints.all.flatMap((one) => one.files)])
        for (const path of files) await note(path, { by: 'checkpoints', machine: name })
      }
      return {
        of: ({ dev, ino }) => uses.get(`${dev}:${ino}`) ?? [],
        unseen: [
          ...unseen,
          ...(told === 'no-rights' ? [{ what: 'not-told' as const, system: 'Hyper-V' }] : []),
          ...(by === null ? [{ what: 'not-told' as const, system: 'the Storage module' }] : []),
        ],
      }
    } catch {
      return { of: () => [], unseen: [...unseen, { what: 'tool-failed', tool: 'powershell' }] }
    }
  }
}
