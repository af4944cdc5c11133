import type { ReadPlaces, WantedPlaces } from '@varve/agent/actions/adapter'
import { folderFacts } from '@varve/agent/platform/folder-facts'
import type { MachinesNow } from '@varve/agent/platform/windows-host'
import { isDiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import type { WslDistribution } from '@varve/protocol/distributions'
import type { HyperVMachine } from '@varve/protocol/machines'
import type { FolderPlace, PlacesView } from '@varve/protocol/places'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { askScript } from '../powershell/ask-script.ts'
import { isBelowPath, isSamePath } from '@varve/engine/files/windows-path'
import type { WindowsPorts } from '../actions/adapter-table.ts'

/** What `get-drives.ps1` gives. */
const Drives = z.object({
  drives: z.array(
    z.object({
      path: z.string().min(1),
      protection: z.string().nullable(),
      clusterSize: Bytes.nullable().default(null),
      deduplication: z.string().nullable().default(null),
    }),
  ),
})

/** Where images can be on this Windows: its drives, or the libraries of an agent; the machines of Hyper-V, and the distributions of WSL. */
export function readWindowsPlaces({ scripts, windows }: WindowsPorts): ReadPlaces {
  return async (_tools, wanted): Promise<PlacesView> => {
    const unread: PlacesView['unread'] = []
    return {
      groups: [],
      zpools: [],
      btrfs: [],
      folders: await foldersOf(wanted),
      machines: (await told('Hyper-V', async () => machinesOf(wanted, unread))) ?? [],
      distributions: (await told('WSL', async () => distributionsOf(wanted, unread))) ?? [],
      unread,
    }

    async function foldersOf({ folders, signal }: WantedPlaces): Promise<FolderPlace[]> {
      const drives = await told('the drives', async () =>
        askScript(scripts, { script: 'get-drives', schema: Drives, ...(signal && { signal }) }),
      )
      const found = await Promise.all(
        (folders ?? drives?.drives.map(({ path }) => path) ?? []).map(async (path) => {
          const facts = await folderFacts(path).catch(() => null)
          const drive = drives?.drives.find((one) =>
            isOfDrive(path, facts?.place.mountPoint ?? null, one.path),
          )
          return (
            facts && {
              path,
              place: facts.place,
              reserved: null,
              readOnly: !facts.writable,
              ...(drive?.protection && { protection: drive.protection }),
              ...(drive?.clusterSize && { clusterSize: drive.clusterSize }),
              ...(drive?.deduplication && { deduplication: drive.deduplication }),
            }
          )
        }),
      )
      return found.filter((one) => one !== null)
    }

    /** What `read` gives; null where it cannot tell, which is noted. */
    async function told<T>(what: string, read: () => Promise<T>): Promise<T | null> {
      try {
        return await read()
      } catch (error) {
        if (isDiskError(error, 'canceled')) throw error
        const { message, remedy } = toErrorRecord(error, what)
        unread.push({ what, reason: message, remedy })
        return null
      }
    }
  }

  async function machinesOf(
    { folders }: WantedPlaces,
    unread: PlacesView['unread'],
  ): Promise<HyperVMachine[]> {
    const { told, machines }: MachinesNow = await windows.machines()
    if (told === 'no-rights') unread.push(noRights)
    return folders === null ? [...machines] : machines.flatMap((one) => within(one, folders))
  }

  /** Agents tell of what lies in their libraries. */
  async function distributionsOf(
    { folders }: WantedPlaces,
    unread: PlacesView['unread'],
  ): Promise<WslDistribution[]> {
    const { distributions, hidden } = await windows.distributions()
    if (folders === null && hidden.length > 0) unread.push(hiddenOf(hidden))
    return distributions.filter(
      ({ disk }) =>
        folders === null || (disk !== null && folders.some((folder) => isBelowPath(disk.path, folder))),
    )
  }
}

/** Whether the folder lies on that drive, and on no volume that is mounted in a folder of it. */
function isOfDrive(folder: string, mountPoint: string | null, drive: string): boolean {
  const isElsewhere = mountPoint !== null && isBelowPath(mountPoint, drive) && !isSamePath(mountPoint, drive)
  return isBelowPath(folder, drive) && !isElsewhere
}

const hiddenOf = (users: readonly string[]) => ({
  what: `WSL of ${users.join(', ')}`,
  reason: 'Distributions are shown to their owner, and to elevated administrators.',
  remedy: 'Open PowerShell with: Run as administrator.',
})

const noRights = {
  what: 'Hyper-V',
  reason: 'It shows its machines to elevated administrators and members of Hyper-V Administrators.',
  remedy:
    'Add the user as an administrator: Add-LocalGroupMember -SID S-1-5-32-578 -Member USER, then sign in anew.',
}

/** Agents tell of what lies in their libraries. */
function within(machine: HyperVMachine, folders: readonly string[]): HyperVMachine[] {
  const isInside = (path: string) => folders.some((folder) => isBelowPath(path, folder))
  const drives = machine.drives.filter(({ path }) => isInside(path))
  if (drives.length === 0) return []
  const all = machine.checkpoints.all.map((one) => ({ ...one, files: one.files.filter(isInside) }))
  return [{ ...machine, drives, checkpoints: { ...machine.checkpoints, all } }]
}
