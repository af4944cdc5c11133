import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { quote } from '@varve/core/problems/disk-error'
import { finding, type Diagnosis } from '@varve/engine/doctor/diagnosis'
import { byCommand, byHand } from '@varve/engine/doctor/mending'
import { isBelowPath, pathKey } from '@varve/engine/files/windows-path'
import type { HyperVMachine } from '@varve/protocol/machines'
import type { WindowsHost } from '../../platform/windows-host.ts'
import type { Looking } from './looking.ts'

/** A checkpoint that Hyper-V made by itself goes away with the next shutdown; one so old has not. */
const oldAutomaticDays = 7
const dayMs = 24 * 3600 * 1000

/** What Hyper-V says of the images in a folder; nothing where it does not tell all its machines. */
export async function machineFindings(
  windows: Pick<WindowsHost, 'machines'>,
  {
    folder,
    images,
    now = Date.now(),
  }: Looking<'path' | 'parents' | 'modifiedMs'> & { readonly now?: number },
): Promise<Diagnosis[]> {
  const { told, machines } = await windows.machines()
  if (told !== 'told') return []
  const isInside = (path: string) => isBelowPath(path, folder)
  const missing: Diagnosis[] = []
  for (const machine of machines)
    for (const { path } of machine.drives)
      if (isInside(path) && (await stat(path).catch(() => null)) === null)
        missing.push(missingDisk(machine, path))
  return [
    ...missing,
    ...looseFindings(images, machines),
    ...machines.flatMap((machine) => automaticFindings(machine, isInside, now)),
  ]
}

function missingDisk({ name }: HyperVMachine, path: string): Diagnosis {
  return finding(
    { path },
    {
      id: 'disk-of-machine-missing',
      severity: 'block',
      layer: 'L1',
      message: `the machine ${quote(name)} has it as a disk, and it is not there`,
      remedy: 'Bring it back to where it was, such as from quarantine; or take the disk out of the machine.',
      ...byCommand('varve', 'quarantine', dirname(path)),
      details: { machine: name },
    },
  )
}

/** Files of checkpoints that no machine writes to, keeps, or stands on. */
function looseFindings(
  images: Looking<'path' | 'parents' | 'modifiedMs'>['images'],
  machines: readonly HyperVMachine[],
): Diagnosis[] {
  const parentsOf = new Map(images.map(({ path, parents }) => [pathKey(path), parents]))
  const needed = new Set<string>()
  for (const { drives, checkpoints } of machines) {
    const files = [...drives.map(({ path }) => path), ...checkpoints.all.flatMap((one) => one.files)]
    for (const file of files)
      for (const path of [file, ...(parentsOf.get(pathKey(file)) ?? [])]) needed.add(pathKey(path))
  }
  return images.flatMap((image) => {
    if (!/\.avhdx?$/iu.test(image.path) || needed.has(pathKey(image.path))) return []
    const [parent] = image.parents
    return [
      finding(image, {
        id: 'checkpoint-without-machine',
        severity: 'warn',
        layer: 'L2',
        message: `it is a file of a checkpoint, and no machine of this host has it${parent === undefined ? '' : `; it may hold what is newer than ${quote(parent)}`}`,
        remedy:
          'Make sure that no other host of a cluster has its machine. What it holds is given to its parent by varve chain commit, or looked at with varve attach; then varve delete keeps it in quarantine.',
        ...byHand,
        details: { parent: parent ?? null },
      }),
    ]
  })
}

function automaticFindings(
  { name: machine, drives, checkpoints }: HyperVMachine,
  isInside: (path: string) => boolean,
  now: number,
): Diagnosis[] {
  const path = drives.find((drive) => isInside(drive.path))?.path
  if (path === undefined) return []
  return checkpoints.all.flatMap(({ name, isAutomatic, madeAt }) => {
    const days = Math.floor((now - Date.parse(madeAt)) / dayMs)
    if (!isAutomatic || !(days >= oldAutomaticDays)) return []
    return [
      finding(
        { path },
        {
          id: 'automatic-checkpoint-old',
          severity: 'warn',
          layer: 'L2',
          message: `the checkpoint ${quote(name)} that Hyper-V made when ${quote(machine)} was started is ${days} days old, and what the machine writes goes into further files since`,
          remedy:
            'It goes away when the machine is shut down; Set-VM -AutomaticCheckpointsEnabled $false makes no more of them.',
          command: ['varve', 'snapshot', 'delete', path, name],
          wish: { operation: 'snapshot-delete', request: { image: path, name } },
          details: { machine, days },
        },
      ),
    ]
  })
}
