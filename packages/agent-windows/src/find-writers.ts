import type { FindWriters, Use } from '@varve/agent/platform/platform'
import type { WindowsHost } from '@varve/agent/platform/windows-host'
import type { OpenFiles } from '@varve/engine/in-use/windows-open-files'
import { byIdentity, findOpenFiles, type NamedUses } from '@varve/engine/in-use/windows-writers'
import type { HyperVMachine } from '@varve/protocol/machines'

/** Who uses which image: as a disk, as Hyper-V, Windows and WSL tell, and as a file that a program has open. */
export function findOpenAndAttached(windows: WindowsHost, files: OpenFiles): FindWriters {
  return async (options = {}) => {
    const { locks, descriptors } = options
    // What is only read disturbs nobody who reads.
    const isReading = locks !== 'all' && descriptors !== 'all'
    const told = await Promise.all([findAttached(windows, isReading), findInWsl(windows)])
    return await byIdentity([...told, findOpenFiles(files, options)])
  }
}

async function findAttached(windows: WindowsHost, isReading: boolean): Promise<NamedUses> {
  try {
    const { told, machines } = await windows.machines()
    const { disks, by, mayAttach } = await windows.disks(null)
    const areTold = by !== null && (by !== 'diskpart' || mayAttach)
    return {
      uses: [
        ...disks
          .filter(({ disk }) => !isReading || !disk.readOnly)
          .map(({ image }): NamedUse => [image, { by: 'attached', machine: null }]),
        ...machines.flatMap((machine) => usesBy(machine, isReading)),
      ],
      unseen: [
        ...(told === 'no-rights' ? [{ what: 'not-told' as const, system: 'Hyper-V' }] : []),
        ...(areTold ? [] : [{ what: 'not-told' as const, system: 'the Storage module' }]),
      ],
    }
  } catch {
    return { uses: [], unseen: [{ what: 'tool-failed', tool: 'powershell' }] }
  }
}

async function findInWsl(windows: WindowsHost): Promise<NamedUses> {
  try {
    const { distributions, hidden } = await windows.distributions()
    const isHidden = hidden.length > 0 || distributions.some(({ disk, state }) => disk && state === 'unknown')
    return {
      uses: distributions.flatMap(({ name, state, disk }): NamedUse[] =>
        disk && state !== 'stopped' && state !== 'unknown' ? [[disk.path, { by: 'distribution', name }]] : [],
      ),
      unseen: isHidden ? [{ what: 'not-told', system: 'WSL of other users' }] : [],
    }
  } catch {
    return { uses: [], unseen: [{ what: 'tool-failed', tool: 'wsl' }] }
  }
}

type NamedUse = readonly [path: string, use: Use]

function usesBy({ name, node, state, drives, checkpoints }: HyperVMachine, isReading: boolean): NamedUse[] {
  const paths = drives.map(({ path }) => path)
  const machine = node === undefined ? name : `${name} on ${node}`
  // Another node of the cluster can start its own at any moment.
  const isHeld = state !== 'Off' || (node !== undefined && !isReading)
  const running = isHeld ? paths : []
  // They are only read: what changes them loses the checkpoints.
  const { all } = checkpoints
  const standing = isReading || all.length === 0 ? [] : [...paths, ...all.flatMap((one) => one.files)]
  return [
    ...running.map((path): NamedUse => [path, { by: 'attached', machine }]),
    ...[...new Set(standing)].map((path): NamedUse => [path, { by: 'checkpoints', machine }]),
  ]
}
