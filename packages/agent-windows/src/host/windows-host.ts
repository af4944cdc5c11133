import type { AttachedVhd, WindowsHost } from '@varve/agent/platform/windows-host'
import { Bytes } from '@varve/protocol/primitives'
import { VhdBy } from '@varve/operations/actions/attached-vhd'
import { HyperVMachine, MachinesTold } from '@varve/protocol/machines'
import { z } from 'zod'
import { copyAccess } from './copy-access.ts'
import { distributionsNow, type DistributionPorts } from './distributions.ts'
import { wslVersion } from '../tools/wsl/commands.ts'
import { askScript } from '../powershell/ask-script.ts'
import { readFileDisks, type FileDisk } from './file-disks.ts'
import { noteOf, readNotes } from './notes.ts'
import { isSamePath, plainPath } from '@varve/engine/files/windows-path'

/** What `get-machines.ps1` gives. */
const Machines = z.object({ told: MachinesTold, machines: z.array(HyperVMachine) })

/** What `get-disks.ps1` gives. */
const Disks = z.object({
  by: VhdBy.nullable(),
  mayAttach: z.boolean(),
  mayMount: z.boolean().default(false),
  disks: z.array(
    z.object({
      number: z.number().int().min(0),
      path: z.string().min(1),
      size: Bytes,
      isReadOnly: z.boolean(),
      isOffline: z.boolean(),
      partitions: z.array(
        z.object({
          number: z.number().int().min(1),
          start: Bytes,
          size: Bytes,
          folders: z.array(z.string().min(1)),
        }),
      ),
    }),
  ),
})

/** What this Windows knows, asked by its own shell. */
export function windowsHost({
  copyAccess: copy = copyAccess,
  fileDisks = async () => readFileDisks((await import('./disk-calls.ts')).diskCalls()),
  ...ports
}: DistributionPorts & {
  /** Left out: by Windows. */
  readonly copyAccess?: WindowsHost['copyAccess']
  /** Asked where there is no module of Storage. Left out: by the calls of Windows. */
  readonly fileDisks?: () => Promise<readonly FileDisk[]>
}): WindowsHost {
  const { scripts } = ports
  return {
    copyAccess: copy,

    async disks(notesFolder) {
      const told = await askScript(scripts, { script: 'get-disks', schema: Disks })
      const { by, mayAttach, mayMount } = told
      // Only who may attach by diskpart is told of them.
      const disks = by === 'diskpart' && mayAttach ? await fileDisks() : told.disks
      const notes = notesFolder === null ? [] : await readNotes(notesFolder)
      const there = disks.map(({ path, number, size, isReadOnly, isOffline, partitions }): AttachedVhd => {
        const note = noteOf(notes, path)
        // Windows tells it as who attached it said it; Varve knows it by its own name.
        const image = note?.image ?? plainPath(path)
        const places = partitions.map((one) => ({ ...one, device: partitionDevice(number, one.number) }))
        return {
          image,
          disk: {
            device: diskDevice(number),
            size,
            readOnly: isReadOnly,
            isOffline,
            partitions: places.map(({ number: at, device, start, size: bytes }) => ({
              number: at,
              device,
              start,
              size: bytes,
            })),
          },
          mounts: places.flatMap(({ device, folders }) => folders.map((folder) => ({ device, folder }))),
          note,
        }
      })
      const gone = notes.filter(({ image }) => there.every((one) => !isSamePath(one.image, image)))
      return { by, mayAttach, mayMount, disks: there, gone }
    },

    machines: async () => askScript(scripts, { script: 'get-machines', schema: Machines }),
    distributions: async () => await distributionsNow(ports),
    wslVersion: async () => await ports.runner.run(wslVersion, { path: ports.wsl }).catch(() => null),
  }
}

const diskDevice = (number: number) => String.raw`\\.\PhysicalDrive${number}`
const partitionDevice = (disk: number, partition: number) =>
  String.raw`\\.\Harddisk${disk}Partition${partition}`
