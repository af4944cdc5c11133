import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FindWriters, Use } from '@varve/agent/platform/platform'
import type { MacMachinesNow, ReadMacMachines } from '@varve/agent/platform/mac-machines'
import type { OpenWriters } from '@varve/engine/in-use/writers'
import { byIdentity, type NamedUses } from '@varve/engine/in-use/windows-writers'
import type { MacMachine } from '@varve/protocol/mac-machines'

/** Who uses which image: the programs that have it open, as `findOpen` tells, and machines that are not stopped. */
export function withMachineUses(findOpen: FindWriters, readMachines: ReadMacMachines): FindWriters {
  return async (options = {}): Promise<OpenWriters> => {
    const { named = [], locks, descriptors } = options
    const isReading = locks !== 'all' && descriptors !== 'all'
    const [open, told] = await Promise.all([findOpen(options), readMachines({ named })])
    const machines = await byIdentity([await usesOf(told, isReading)])
    return {
      of: (file) => [...open.of(file), ...machines.of(file)],
      unseen: [...open.unseen, ...machines.unseen],
    }
  }
}

async function usesOf({ machines, silent }: MacMachinesNow, isReading: boolean): Promise<NamedUses> {
  const uses = await Promise.all(machines.map(async (machine) => usesBy(machine, isReading)))
  return { uses: uses.flat(), unseen: silent.map((system) => ({ what: 'not-told', system })) }
}

/** A suspended machine goes on with what it remembers of its disks: to change one harms it as if it ran. */
async function usesBy(
  { name, state, disks, snapshots, product }: MacMachine,
  isReading: boolean,
): Promise<(readonly [string, Use])[]> {
  const paths = (
    await Promise.all(disks.filter((disk) => disk.isThere).map(({ path }) => filesOf(path)))
  ).flat()
  const isIdle = state === 'stopped' || state === null
  // What is suspended writes nothing.
  const inUse = isIdle || (isReading && state === 'suspended') ? [] : paths
  // Those of UTM lie in the image itself, and grow and shrink with it.
  const standing = isReading || product === 'UTM' || snapshots.length === 0 ? [] : paths
  return [
    ...inUse.map((path): [string, Use] => [path, { by: 'attached', machine: name }]),
    ...standing.map((path): [string, Use] => [path, { by: 'checkpoints', machine: name }]),
  ]
}

/** A disk of Parallels is a folder: its files are what is used. */
async function filesOf(path: string): Promise<readonly string[]> {
  const isFolder = await stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  )
  if (!isFolder) return [path]
  const names = await readdir(path).catch((): string[] => [])
  return [path, ...names.map((name) => join(path, name))]
}
