import { stat } from 'node:fs/promises'
import { libraryRoots } from '@varve/engine/files/library-roots'
import type { HyperVMachine } from '@varve/protocol/machines'
import type { ActionPorts } from '../actions/adapter.ts'

/** The machine of Hyper-V that has the image as a disk, or in a checkpoint; it may hold the file so that nobody else can open it. */
export async function machineOfImage(
  image: string,
  { windowsHost, roots }: Pick<ActionPorts, 'windowsHost' | 'roots'>,
): Promise<HyperVMachine | null> {
  if (!windowsHost) return null
  libraryRoots(roots).assertNamedInside(image)
  const wanted = await stat(image, { bigint: true }).catch(() => null)
  if (wanted === null) return null
  const { machines } = await windowsHost.machines()
  const isWanted = async (path: string) => {
    const there = await stat(path, { bigint: true }).catch(() => null)
    return there?.dev === wanted.dev && there.ino === wanted.ino
  }
  for (const machine of machines) {
    const { drives, checkpoints } = machine
    const files = [...drives.map(({ path }) => path), ...checkpoints.all.flatMap((one) => one.files)]
    for (const file of new Set(files)) if (await isWanted(file)) return machine
  }
  return null
}
