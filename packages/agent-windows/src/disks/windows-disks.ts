import type { AttachedVhd, WindowsDisks } from '@varve/agent/platform/windows-disks'
import { Bytes } from '@varve/protocol/primitives'
import { VhdBy } from '@varve/operations/actions/attached-vhd'
import { z } from 'zod'
import type { ScriptCaller } from '../powershell/powershell-host.ts'
import { noteOf, readNotes } from './notes.ts'
import { isSamePath, plainPath } from './windows-path.ts'

/** What `get-disks.ps1` gives. */
const Answer = z.object({
  by: VhdBy.nullable(),
  isElevated: z.boolean(),
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

/** Disks of this Windows that image files are behind, asked by its own shell. */
export function windowsDisks(scripts: ScriptCaller): WindowsDisks {
  return {
    async now(notesFolder) {
      const { by, isElevated, disks } = Answer.parse(await scripts.call('get-disks'))
      const notes = notesFolder === null ? [] : await readNotes(notesFolder)
      const there = disks.map(({ path, number, size, isReadOnly, isOffline, partitions }): AttachedVhd => {
        const image = plainPath(path)
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
          note: noteOf(notes, image),
        }
      })
      const gone = notes.filter(({ image }) => there.every((one) => !isSamePath(one.image, image)))
      return { by, isElevated, disks: there, gone }
    },
  }
}

const diskDevice = (number: number) => String.raw`\\.\PhysicalDrive${number}`
const partitionDevice = (disk: number, partition: number) =>
  String.raw`\\.\Harddisk${disk}Partition${partition}`
