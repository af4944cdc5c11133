import { readRange } from '../../binary/byte-source.ts'
import { DiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import { folderOf, nameOf } from '../../image/folder-of.ts'
import type { ImageFile } from '../../image/image-files.ts'
import {
  arrayAt,
  dictionaryAt,
  maxPropertyListBytes,
  parsePropertyList,
  sizeAt,
  stringAt,
} from '../../text/property-list.ts'
import type { PropertyDictionary } from '../../text/property-value.ts'
import type {
  DriveKind,
  MachineDescription,
  MachineDrive,
  MachineFormat,
} from '../machine/machine-description.ts'

const MiB = 1024 ** 2
/** The version that is known key by key, and the only one that is written. */
export const knownVersion = 4
const maxDrives = 256
const structure = 'UTM configuration'

/** Bundles of UTM (`NAME.utm`), by their `config.plist`. */
export const utmMachine: MachineFormat = { format: 'utm', label: 'UTM machine', read: readUtmConfig }

async function readUtmConfig(file: ImageFile): Promise<MachineDescription> {
  const { source, path } = file
  const end = Math.min(source.size, maxPropertyListBytes + 1)
  const list = parsePropertyList(await readRange(source, { start: 0, end }, structure), {
    file: path,
    structure,
  })
  return describeUtm(list, path)
}

/** What a configuration says; of versions that are not known only what every version says the same way. */
export function describeUtm(list: PropertyDictionary, file: string): MachineDescription {
  if (!['ConfigurationVersion', 'Backend', 'Drive', 'Drives'].some((key) => list.has(key)))
    throw new DiskError('corrupt', { file, structure, reason: 'it describes no machine' })
  const version = sizeAt(list, 'ConfigurationVersion') ?? 0
  const isLegacy = version < knownVersion || !list.has('Backend')
  return isLegacy ? describeLegacy(list, { file, version }) : describeCurrent(list, { file, version })
}

interface Read {
  readonly file: string
  readonly version: number
}

const empty: PropertyDictionary = new Map()

function describeCurrent(list: PropertyDictionary, { file, version }: Read): MachineDescription {
  const [system, information] = [
    dictionaryAt(list, 'System') ?? empty,
    dictionaryAt(list, 'Information') ?? empty,
  ]
  const backend = stringAt(list, 'Backend') ?? 'unknown'
  const boot = backend === 'Apple' ? dictionaryAt(system, 'Boot') : dictionaryAt(list, 'QEMU')
  const isEfi = boot?.get('UEFIBoot')
  const memory = sizeAt(system, 'MemorySize')
  return {
    kind: `version ${version}, ${backend}`,
    name: stringAt(information, 'Name') ?? stemOf(file),
    uuid: stringAt(information, 'UUID')?.toLowerCase() ?? null,
    architecture: stringAt(system, 'Architecture'),
    cpus: sizeAt(system, 'CPUCount'),
    memory: memory === null ? null : memory * MiB,
    firmware: typeof isEfi === 'boolean' ? (isEfi ? 'efi' : 'bios') : null,
    drives: entriesOf(list, 'Drive', file).map((drive, index) => ({
      id: stringAt(drive, 'Identifier') ?? String(index + 1),
      number: index + 1,
      kind: backend === 'Apple' ? appleKind(drive) : kindOf(drive, 'ImageType', 'Interface'),
      reference: referenceOf(drive, { key: 'ImageName', folder: 'Data', file }),
      interface:
        backend === 'Apple' ? (drive.get('Nvme') === true ? 'NVMe' : 'VirtIO') : stringAt(drive, 'Interface'),
      isReadOnly: drive.get('ReadOnly') === true,
    })),
    interfaces: entriesOf(list, 'Network', file).map((network) =>
      words(network, ['Mode', 'Hardware', 'BridgeInterface', 'MacAddress']),
    ),
    problems: version === knownVersion && isKnownBackend(backend) ? [] : [notKnown(file, version, backend)],
  }
}

/** Versions before 4 of the QEMU backend, which UTM converts when it opens them. */
function describeLegacy(list: PropertyDictionary, { file, version }: Read): MachineDescription {
  const system = dictionaryAt(list, 'System') ?? empty
  const network = dictionaryAt(list, 'Networking')
  const memory = sizeAt(system, 'Memory')
  const isEfi = system.get('BootUefi')
  return {
    kind: `version ${version}, QEMU`,
    name: stemOf(file),
    uuid: stringAt(system, 'SystemUUID')?.toLowerCase() ?? null,
    architecture: stringAt(system, 'Architecture'),
    cpus: sizeAt(system, 'CPUCount'),
    memory: memory === null ? null : memory * MiB,
    firmware: typeof isEfi === 'boolean' ? (isEfi ? 'efi' : 'bios') : null,
    drives: entriesOf(list, 'Drives', file).map((drive, index) => ({
      id: stringAt(drive, 'DriveName') ?? String(index + 1),
      number: index + 1,
      kind: kindOf(drive, 'ImageType', 'InterfaceType'),
      reference:
        drive.get('Removable') === true
          ? null
          : referenceOf(drive, { key: 'ImagePath', folder: 'Images', file }),
      interface: stringAt(drive, 'InterfaceType'),
      isReadOnly: drive.get('Removable') === true,
    })),
    interfaces: network ? [words(network, ['NetworkMode', 'NetworkCard', 'NetworkCardMAC'])] : [],
    problems: [],
  }
}

const isKnownBackend = (backend: string) => backend === 'QEMU' || backend === 'Apple'

/** Flash that a machine keeps its settings in is a drive of type disk too. */
function kindOf(drive: PropertyDictionary, typeKey: string, interfaceKey: string): DriveKind {
  const type = stringAt(drive, typeKey)?.toLowerCase()
  const bus = stringAt(drive, interfaceKey)?.toLowerCase()
  if (bus === 'mtd' || bus === 'pflash') return 'other'
  return type === 'disk' ? 'disk' : type === 'cd' ? 'disc' : 'other'
}

const appleKind = (drive: PropertyDictionary): DriveKind =>
  drive.get('ReadOnly') === true && /\.iso$/iu.test(stringAt(drive, 'ImageName') ?? '') ? 'disc' : 'disk'

interface Reference {
  readonly key: string
  readonly folder: 'Data' | 'Images'
  readonly file: string
}

/** A name in the bundle's own folder of images; throws `reference-refused` for what leads out of it. */
function referenceOf(drive: PropertyDictionary, { key, folder, file }: Reference): MachineDrive['reference'] {
  const name = stringAt(drive, key)
  if (name === null || name === '') return null
  if (name === '.' || name === '..' || /[/\\\0]/u.test(name))
    throw new DiskError('reference-refused', {
      file,
      reference: name,
      reason: `images of a UTM bundle lie in its folder ${folder}`,
    })
  return `${folder}/${name}`
}

function entriesOf(list: PropertyDictionary, key: string, file: string): readonly PropertyDictionary[] {
  const entries = (arrayAt(list, key) ?? []).filter((entry) => entry instanceof Map)
  if (entries.length > maxDrives)
    throw new DiskError('limit-exceeded', {
      file,
      what: `number of entries of ${key}`,
      value: entries.length,
      limit: maxDrives,
    })
  return entries
}

const words = (entry: PropertyDictionary, keys: readonly string[]) =>
  keys.flatMap((key) => stringAt(entry, key) ?? []).join(', ')

function stemOf(file: string): string {
  return nameOf(folderOf(file)).replace(/\.utm$/iu, '')
}

function notKnown(file: string, version: number, backend: string): Problem {
  const what = isKnownBackend(backend) ? `version ${version}` : `backend ${JSON.stringify(backend)}`
  return {
    id: 'utm-version-unknown',
    severity: 'warn',
    layer: 'L2',
    file,
    message: `Its configuration has ${what}, which is not known here: its disks are read, other facts may be missing.`,
    remedy: 'Open the machine in UTM and compare; nothing is ever written into it here.',
  }
}
