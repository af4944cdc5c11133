import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { storedDrives } from '@varve/core/formats/machine/choose-drive'
import { pvmMachine } from '@varve/core/formats/pvm/config'
import { isDiskError } from '@varve/core/problems/disk-error'
import { nodePorts } from '@varve/engine/ports/ports'
import type { MacMachine } from '@varve/protocol/mac-machines'
import type { PlacesView } from '@varve/protocol/places'
import { listMachines, listSnapshots } from '../tools/prlctl/commands.ts'
import type { ParallelsMachine } from '../tools/prlctl/output.ts'
import { isThere, machineFolders } from './machine-folders.ts'
import { toldBy, type MachinePorts, type ReadProduct } from './machine-ports.ts'

/** The machines of Parallels Desktop: as prlctl tells, and bundles that it does not know. */
export const readParallelsMachines: ReadProduct = async (ports, { named, signal }) => {
  const homes = await ports.homes()
  const found = await machineFolders({
    in: [
      ...homes.flatMap((home) => [join(home, 'Parallels'), join(home, 'Documents/Parallels')]),
      ...ports.shared.map((folder) => join(folder, 'Parallels')),
    ],
    named,
    ending: /\.(?:pvm|macvm)$/iu,
    product: 'Parallels',
  })
  const unread: PlacesView['unread'] = [...found.unread]
  const isInstalled = (await ports.tools.find('prlctl')) !== null
  const options = signal ? { signal } : {}
  const listed = isInstalled
    ? await toldBy('Parallels', unread, async () => ports.tools.run(listMachines(), options))
    : []
  const told: MacMachine[] = []
  for (const machine of listed ?? []) told.push(await toldMachine(ports, machine, { unread, options }))
  const known = new Set(told.map(({ folder }) => folder))
  const others = await Promise.all(
    found.folders
      .filter((folder) => !known.has(folder))
      .map(async (folder) => readBundle(folder, listed, unread)),
  )
  return {
    machines: [...told, ...others.filter((machine) => machine !== null)],
    silent: listed === null ? ['Parallels'] : [],
    unread,
  }
}

interface Asking {
  readonly unread: PlacesView['unread']
  readonly options: { readonly signal?: AbortSignal }
}

async function toldMachine(
  { tools }: MachinePorts,
  { id, name, state, folder, images }: ParallelsMachine,
  { unread, options }: Asking,
): Promise<MacMachine> {
  const snapshots = await toldBy('Parallels', unread, async () => tools.run(listSnapshots(id), options))
  return {
    product: 'Parallels',
    id,
    name,
    state,
    folder: folder ?? name,
    disks: await Promise.all(images.map(async (path) => ({ path, isThere: await isThere(path) }))),
    snapshots: [...(snapshots ?? [])],
  }
}

/** A bundle that prlctl does not know, or that it was not asked for: Parallels runs registered machines only. */
async function readBundle(
  folder: string,
  listed: readonly ParallelsMachine[] | null,
  unread: PlacesView['unread'],
): Promise<MacMachine | null> {
  const ports = nodePorts({ roots: null, io: 'async' })
  try {
    await using file = await ports.files.open(join(folder, 'config.pvs'))
    const machine = await pvmMachine.read(file, ports)
    const names = await readdir(folder)
    const isSuspended = names.some((name) => /\.(?:sav|mem)$/iu.test(name))
    return {
      product: 'Parallels',
      id: machine.uuid,
      name: machine.name,
      state: isSuspended ? 'suspended' : listed === null ? null : 'stopped',
      folder,
      disks: await Promise.all(
        storedDrives(machine)
          .filter(({ kind }) => kind === 'disk')
          .map(async ({ reference }) => {
            const path = join(folder, reference)
            return { path, isThere: await isThere(path) }
          }),
      ),
      snapshots: [],
    }
  } catch (error) {
    if (!isDiskError(error)) throw error
    if (!isDiskError(error, 'not-found'))
      unread.push({ what: `the machine ${folder}`, reason: error.message, remedy: error.remedy })
    return null
  }
}
