import { stat } from 'node:fs/promises'
import type { Unseen } from '@varve/core/problems/use'
import type { FindWriters, OpenWriters, Use } from '@varve/agent/platform/platform'
import type { WindowsHost } from '@varve/agent/platform/windows-host'

type Note = (path: string, use: Use) => Promise<void>

/** Whether who asks only reads: what is only read disturbs him not. */
interface Asked {
  readonly isReading: boolean
}

/** Who has which image attached, as Hyper-V, Windows and WSL tell; which program has a file open Windows tells nobody. */
export function findAttached(windows: WindowsHost): FindWriters {
  return async ({ locks, descriptors } = {}): Promise<OpenWriters> => {
    const uses = new Map<string, Use[]>()
    const note: Note = async (path, use) => {
      const file = await stat(path, { bigint: true }).catch(() => null)
      if (file === null) return
      const key = `${file.dev}:${file.ino}`
      uses.set(key, [...(uses.get(key) ?? []), use])
    }
    const asked = { isReading: locks !== 'all' && descriptors !== 'all' }
    const [ofMachines, ofWsl] = await Promise.all([
      findInMachines(windows, note, asked).catch(() => failed('powershell')),
      findInWsl(windows, note).catch(() => failed('wsl')),
    ])
    return {
      of: ({ dev, ino }) => uses.get(`${dev}:${ino}`) ?? [],
      unseen: [{ what: 'not-told', system: 'Windows' }, ...ofMachines, ...ofWsl],
    }
  }
}

const failed = (tool: string): readonly Unseen[] => [{ what: 'tool-failed', tool }]

async function findInMachines(
  windows: WindowsHost,
  note: Note,
  { isReading }: Asked,
): Promise<readonly Unseen[]> {
  const { told, machines } = await windows.machines()
  const { disks, by } = await windows.disks(null)
  for (const { image, disk } of disks)
    if (!isReading || !disk.readOnly) await note(image, { by: 'attached', machine: null })
  for (const { name, state, drives, checkpoints } of machines) {
    for (const { path } of state === 'Off' ? [] : drives) await note(path, { by: 'attached', machine: name })
    // They are only read: what changes them loses the checkpoints.
    if (isReading) continue
    const standing = checkpoints.all.length === 0 ? [] : drives.map(({ path }) => path)
    const files = new Set([...standing, ...checkpoints.all.flatMap((one) => one.files)])
    for (const path of files) await note(path, { by: 'checkpoints', machine: name })
  }
  return [
    ...(told === 'no-rights' ? [{ what: 'not-told' as const, system: 'Hyper-V' }] : []),
    ...(by === null ? [{ what: 'not-told' as const, system: 'the Storage module' }] : []),
  ]
}

async function findInWsl(windows: WindowsHost, note: Note): Promise<readonly Unseen[]> {
  const { distributions, hidden } = await windows.distributions()
  for (const { name, state, disk } of distributions)
    if (disk && state !== 'stopped' && state !== 'unknown')
      await note(disk.path, { by: 'distribution', name })
  const isHidden = hidden.length > 0 || distributions.some(({ disk, state }) => disk && state === 'unknown')
  return isHidden ? [{ what: 'not-told', system: 'WSL of other users' }] : []
}
