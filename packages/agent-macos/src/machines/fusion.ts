import { readdir, readFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { MacMachine, MacSnapshot } from '@varve/protocol/mac-machines'
import type { PlacesView } from '@varve/protocol/places'
import { listRunning } from '../tools/vmrun/commands.ts'
import { isThere, machineFolders } from './machine-folders.ts'
import { toldBy, type ReadProduct } from './machine-ports.ts'

const largest = 1024 * 1024
const mostSnapshots = 1000

/** The machines of VMware Fusion by their `.vmx`, with what vmrun says of them. */
export const readFusionMachines: ReadProduct = async (ports, { named, signal }) => {
  const homes = await ports.homes()
  const found = await machineFolders({
    in: homes.flatMap((home) => [
      join(home, 'Virtual Machines.localized'),
      join(home, 'Documents/Virtual Machines.localized'),
    ]),
    named,
    ending: /\.vmwarevm$/iu,
    product: 'VMware Fusion',
  })
  const unread: PlacesView['unread'] = [...found.unread]
  if (found.folders.length === 0) return { machines: [], silent: [], unread }
  const isInstalled = (await ports.tools.find('vmrun')) !== null
  const options = signal ? { signal } : {}
  const running = isInstalled
    ? await toldBy('VMware Fusion', unread, async () => ports.tools.run(listRunning(), options))
    : []
  const machines = await Promise.all(found.folders.map(async (folder) => readMachine(folder, running)))
  return {
    machines: machines.filter((machine) => machine !== null),
    silent: running === null ? ['VMware Fusion'] : [],
    unread,
  }
}

async function readMachine(folder: string, running: readonly string[] | null): Promise<MacMachine | null> {
  const names = await readdir(folder).catch((): string[] => [])
  const own = names.find((name) => /\.vmx$/iu.test(name))
  const text = own === undefined ? null : await textOf(join(folder, own))
  if (own === undefined || text === null) return null
  const settings = settingsOf(text)
  const images = [...settings].flatMap(([key, value]) =>
    /^(?:scsi|sata|ide|nvme)\d+:\d+\.filename$/u.test(key) && /\.vmdk$/iu.test(value) ? [value] : [],
  )
  const catalogue = names.find((name) => /\.vmsd$/iu.test(name))
  const kept = catalogue === undefined ? null : await textOf(join(folder, catalogue))
  const isSuspended = (settings.get('checkpoint.vmstate') ?? '') !== ''
  const idle = isSuspended ? 'suspended' : 'stopped'
  return {
    product: 'VMware Fusion',
    id: idOf(settings.get('uuid.bios')),
    name: settings.get('displayname') ?? own.replace(/\.vmx$/iu, ''),
    state: running?.includes(join(folder, own)) === true ? 'running' : running || isSuspended ? idle : null,
    folder,
    disks: await Promise.all(
      images.map(async (name) => {
        const path = isAbsolute(name) ? name : join(folder, name)
        return { path, isThere: await isThere(path) }
      }),
    ),
    snapshots: kept === null ? [] : snapshotsOf(settingsOf(kept)),
  }
}

/** `key = "value"`, keys in lower case. */
function settingsOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/u).map((line) => /^\s*([\w.:-]+)\s*=\s*"([^"]*)"/u.exec(line))
  return new Map(lines.flatMap((found) => (found ? [[(found[1] ?? '').toLowerCase(), found[2] ?? '']] : [])))
}

function snapshotsOf(settings: ReadonlyMap<string, string>): MacSnapshot[] {
  const count = Math.min(mostSnapshots, Number(settings.get('snapshot.numsnapshots') ?? '0') || 0)
  const current = settings.get('snapshot.current')
  return Array.from({ length: count }, (_, index) => index).flatMap((index) => {
    const id = settings.get(`snapshot${index}.uid`)
    if (id === undefined) return []
    return [
      {
        id,
        name: settings.get(`snapshot${index}.displayname`) ?? id,
        madeAt: null,
        parent: settings.get(`snapshot${index}.parent`) ?? null,
        isCurrent: id === current,
      },
    ]
  })
}

/** `56 4d 12 …-…`: sixteen bytes in order. */
function idOf(text: string | undefined): string | null {
  const hex = text?.replaceAll(/[^0-9a-f]/giu, '').toLowerCase() ?? ''
  if (hex.length !== 32) return null
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

async function textOf(path: string): Promise<string | null> {
  const bytes = await readFile(path).catch(() => null)
  return bytes === null || bytes.length > largest ? null : bytes.toString('utf8')
}
