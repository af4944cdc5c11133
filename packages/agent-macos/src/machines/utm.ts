import { join } from 'node:path'
import { inspectChain } from '@varve/core/chain/open-chain'
import { utmMachine } from '@varve/core/formats/utm/config'
import { storedDrives } from '@varve/core/formats/machine/choose-drive'
import { isDiskError } from '@varve/core/problems/disk-error'
import type { InternalSnapshot } from '@varve/core/image/image-facts'
import { nodePorts } from '@varve/engine/ports/ports'
import type { MacMachine, MacSnapshot } from '@varve/protocol/mac-machines'
import type { PlacesView } from '@varve/protocol/places'
import { isRunning } from '../tools/pgrep/commands.ts'
import { listMachines } from '../tools/utmctl/commands.ts'
import type { ListedMachine } from '../tools/utmctl/output.ts'
import { isThere, machineFolders } from './machine-folders.ts'
import { toldBy, type MachinePorts, type ReadProduct } from './machine-ports.ts'

const containers = ['com.utmapp.UTM', 'com.utmapp.UTM-SE']
/** What UTM calls the snapshot that holds the memory of a suspended machine. */
const suspendSnapshot = 'suspend'

/** The bundles of UTM, with what utmctl says of them. */
export const readUtmMachines: ReadProduct = async (ports, { named, signal }) => {
  const homes = await ports.homes()
  const { folders, unread } = await machineFolders({
    in: homes.flatMap((home) =>
      containers.map((name) => join(home, 'Library/Containers', name, 'Data/Documents')),
    ),
    named,
    ending: /\.utm$/iu,
    product: 'UTM',
  })
  const notes: PlacesView['unread'] = [...unread]
  if (folders.length === 0) return { machines: [], silent: [], unread: notes }
  const states = await statesOf(ports, notes, signal)
  const machines: MacMachine[] = []
  for (const folder of folders) {
    const machine = await readBundle(folder, states, notes)
    if (machine) machines.push(machine)
  }
  return { machines, silent: states === null ? ['UTM'] : [], unread: notes }
}

type States = ReadonlyMap<string, ListedMachine>

/** None while UTM does not run, which asking it would start; null where it runs and does not tell. */
async function statesOf(
  { tools }: MachinePorts,
  unread: PlacesView['unread'],
  signal: AbortSignal | undefined,
): Promise<States | null> {
  const options = signal ? { signal } : {}
  const runs = await toldBy('UTM', unread, async () => tools.run(isRunning('UTM'), options))
  if (runs === null) return null
  if (!runs) return new Map()
  const listed = await toldBy('UTM', unread, async () => tools.run(listMachines(), options))
  return listed && new Map(listed.map((machine) => [machine.id, machine]))
}

async function readBundle(
  folder: string,
  states: States | null,
  unread: PlacesView['unread'],
): Promise<MacMachine | null> {
  const ports = nodePorts({ roots: null, io: 'async' })
  try {
    await using file = await ports.files.open(join(folder, 'config.plist'))
    const machine = await utmMachine.read(file, ports)
    const disks = await Promise.all(
      storedDrives(machine)
        .filter(({ kind }) => kind === 'disk')
        .map(async ({ reference }) => {
          const path = join(folder, reference)
          return { path, isThere: await isThere(path) }
        }),
    )
    const kept = await snapshotsOf(disks.filter((disk) => disk.isThere).map(({ path }) => path))
    const isSuspended =
      kept.some(({ name, stateSize }) => name === suspendSnapshot && stateSize > 0) ||
      (await isThere(join(folder, 'Data/vmstate')))
    const listed = machine.uuid === null ? undefined : states?.get(machine.uuid)
    const state = states === null ? null : (listed?.state ?? 'stopped')
    return {
      product: 'UTM',
      id: machine.uuid,
      name: listed?.name ?? machine.name,
      state: isSuspended && (state === null || state === 'stopped') ? 'suspended' : state,
      folder,
      disks,
      snapshots: kept.filter(({ name }) => name !== suspendSnapshot).map(asSnapshot),
    }
  } catch (error) {
    if (!isDiskError(error)) throw error
    if (!isDiskError(error, 'not-found'))
      unread.push({ what: `the machine ${folder}`, reason: error.message, remedy: error.remedy })
    return null
  }
}

async function snapshotsOf(paths: readonly string[]): Promise<readonly InternalSnapshot[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const inspected = await inspectChain(path, nodePorts({ roots: null, io: 'async' })).catch(() => null)
      return inspected?.links[0].facts.snapshots ?? []
    }),
  )
  return found.flat()
}

const asSnapshot = ({ id, name, takenAt }: InternalSnapshot): MacSnapshot => ({
  id,
  name,
  madeAt: takenAt === '' ? null : takenAt,
  parent: null,
  isCurrent: false,
})
