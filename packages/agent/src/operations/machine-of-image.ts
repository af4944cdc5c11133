import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DiskError, quote } from '@varve/core/problems/disk-error'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { sameFileAs } from '@varve/engine/files/same-file'
import type { HyperVMachine } from '@varve/protocol/machines'
import type { ActionPorts } from '../actions/adapter.ts'

/**
 * The machine of Hyper-V that has the image as a disk, or in a checkpoint; it may hold the file so that nobody else can open it.
 * Throws what `windowsHost` does, and `refused` where it is a disk of several machines, or of one that is not an agent's to act on.
 */
export async function machineOfImage(
  image: string,
  { windowsHost, roots }: Pick<ActionPorts, 'windowsHost' | 'roots'>,
): Promise<HyperVMachine | null> {
  // Hyper-V takes no other file for a disk: what it does not answer keeps nobody from those.
  if (!windowsHost || !/\.(?:a?vhdx?|vhds)$/iu.test(image)) return null
  libraryRoots(roots).assertNamedInside(image)
  const isWanted = await sameFileAs(image)
  if (isWanted === null) return null
  const { machines } = await windowsHost.machines()
  const having = async (filesOf: (machine: HyperVMachine) => readonly string[]) => {
    const found: HyperVMachine[] = []
    for (const machine of machines)
      for (const file of new Set(filesOf(machine)))
        if (!found.includes(machine) && (await isWanted(file))) found.push(machine)
    return found
  }
  const running = await having(({ drives }) => drives.map(({ path }) => path))
  // What a checkpoint holds can be there in a copy of the machine, too.
  const all =
    running.length > 0
      ? running
      : await having(({ checkpoints }) => checkpoints.all.flatMap((one) => one.files))
  const [machine = null, ...others] = all
  if (machine && others.length > 0) throw ofSeveral(image, all)
  if (machine) await assertMachineInside(machine, { image, roots })
  return machine
}

/** Throws `refused` unless all disks of the machine lie in the roots, links resolved: what is done to a machine is done to all of them. */
export async function assertMachineInside(
  { drives, name }: HyperVMachine,
  { image, roots }: Pick<ActionPorts, 'roots'> & { readonly image: string },
): Promise<void> {
  if (roots === null) return
  const libraries = libraryRoots(roots)
  for (const { path } of drives) {
    const real = await realpath(path).catch(async () =>
      realpath(dirname(path)).then(
        (folder) => join(folder, basename(path)),
        () => null,
      ),
    )
    if (real !== null && libraries.holds(real)) continue
    throw new DiskError('refused', {
      file: image,
      finding: 'machine-outside-library',
      layer: 'L1',
      reason: `it is a disk of the machine ${quote(name)}, which has others that lie outside the libraries of this agent`,
      remedy: 'Do it on the host itself, or add the folder of its other disks as a library of this agent.',
    })
  }
}

function ofSeveral(file: string, machines: readonly HyperVMachine[]): DiskError {
  return new DiskError('refused', {
    file,
    finding: 'machine-ambiguous',
    layer: 'L1',
    reason: `it is a disk of several machines: ${machines.map(({ name, id }) => `${quote(name)} (${id})`).join(', ')}`,
    remedy: 'Take it out of all but one of them, or do it in Hyper-V itself.',
  })
}
