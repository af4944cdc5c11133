import { DiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import { folderOf, nameOf } from '../../image/folder-of.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { readXml } from '../../text/xml.ts'
import { childOf, childrenOf, type XmlElement } from '../../text/xml-element.ts'
import type { MachineDescription, MachineDrive, MachineFormat } from '../machine/machine-description.ts'

const MiB = 1024 ** 2
const maxDrives = 256
const structure = 'Parallels configuration'
/** `Hdd/EmulatedType` and `Hdd/InterfaceType` of libprlsdk. */
const imageFile = 1
const interfaces = ['IDE', 'SCSI', 'SATA', 'VirtIO', 'USB']
const networks = ['host-only', 'shared', 'bridged']
const cards = ['', 'RTL8029', 'e1000', 'virtio', 'e1000e', 'Hyper-V']

/** Bundles of Parallels Desktop (`NAME.pvm`, `NAME.macvm`), by their `config.pvs`. */
export const pvmMachine: MachineFormat = {
  format: 'pvm',
  label: 'Parallels machine',
  read: async (file: ImageFile) => describePvm(await readXml(file, structure), file.path),
}

/** What a configuration says; throws `corrupt` for another document. */
export function describePvm(root: XmlElement, file: string): MachineDescription {
  if (root.name !== 'ParallelsVirtualMachine')
    throw new DiskError('corrupt', {
      file,
      structure,
      reason: 'its root element is not ParallelsVirtualMachine',
    })
  const hardware = childOf(root, 'Hardware')
  const memory = numberAt(hardware, ['Memory', 'RAM'])
  const efi = numberAt(root, ['Settings', 'Startup', 'Bios', 'EfiEnabled'])
  const version = textAt(root, ['AppVersion'])
  return {
    kind: version === null ? 'Parallels' : `Parallels ${version}`,
    name: textAt(root, ['Identification', 'VmName']) ?? stemOf(file),
    uuid: textAt(root, ['Identification', 'VmUuid'])?.replaceAll(/[{}]/gu, '').toLowerCase() ?? null,
    architecture: null,
    cpus: numberAt(hardware, ['Cpu', 'Number']),
    memory: memory === null ? null : memory * MiB,
    firmware: efi === null ? null : efi === 0 ? 'bios' : 'efi',
    drives: drivesOf(hardware, file),
    interfaces: childrenOf(hardware ?? nothing, 'NetworkAdapter').map(networkWords),
    problems: numberAt(root, ['Settings', 'VmEncryptionInfo', 'Enabled']) === 1 ? [encrypted(file)] : [],
  }
}

const nothing: XmlElement = { name: '', text: '', children: [] }

function drivesOf(hardware: XmlElement | null, file: string): MachineDrive[] {
  const elements = (hardware?.children ?? []).filter(({ name }) => name === 'Hdd' || name === 'CdRom')
  if (elements.length > maxDrives)
    throw new DiskError('limit-exceeded', {
      file,
      what: 'number of drives',
      value: elements.length,
      limit: maxDrives,
    })
  const slots = elements.toSorted((one, other) => rankOf(one) - rankOf(other))
  return slots.map((element, index) => ({
    id: textAt(element, ['Uuid'])?.replaceAll(/[{}]/gu, '').toLowerCase() ?? `${element.name}${index + 1}`,
    number: index + 1,
    kind: element.name === 'Hdd' ? 'disk' : 'disc',
    reference: referenceOf(element, file),
    interface: interfaces[numberAt(element, ['InterfaceType']) ?? -1] ?? null,
    isReadOnly: element.name === 'CdRom',
  }))
}

/** Hard disks first, by their slot. */
const rankOf = (element: XmlElement) =>
  (element.name === 'Hdd' ? 0 : 1000) +
  (numberAt(element, ['StackIndex']) ?? numberAt(element, ['Index']) ?? 0)

/** An image in the machine's own folder; null for one elsewhere, a real disk or an empty drive. */
function referenceOf(element: XmlElement, file: string): string | null {
  const name = textAt(element, ['SystemName'])
  if (name === null || numberAt(element, ['EmulatedType']) !== imageFile) return null
  if (!/[/\\]/u.test(name)) return name === '.' || name === '..' ? null : name
  const parts = name.split(/[/\\]/u)
  const own = nameOf(folderOf(file)).toLowerCase()
  // Machines that were moved keep the absolute path of the folder they lay in.
  return parts.at(-2)?.toLowerCase() === own ? (parts.at(-1) ?? null) : null
}

function networkWords(adapter: XmlElement): string {
  const [mode, card] = [numberAt(adapter, ['EmulatedType']), numberAt(adapter, ['AdapterType'])]
  return [networks[mode ?? -1], cards[card ?? 0], textAt(adapter, ['MAC'])].filter(Boolean).join(', ')
}

function textAt(element: XmlElement | null, path: readonly string[]): string | null {
  let found = element
  for (const name of path) found = found && childOf(found, name)
  return found === null || found.text === '' ? null : found.text
}

function numberAt(element: XmlElement | null, path: readonly string[]): number | null {
  const text = textAt(element, path)
  return text !== null && /^\d{1,9}$/u.test(text) ? Number(text) : null
}

function stemOf(file: string): string {
  return nameOf(folderOf(file)).replace(/\.(?:pvm|macvm)$/iu, '')
}

function encrypted(file: string): Problem {
  return {
    id: 'machine-encrypted',
    severity: 'warn',
    layer: 'L2',
    file,
    message: 'The machine is encrypted by Parallels: its disks cannot be read.',
    remedy: 'Have Parallels decrypt it first (Configure, Security).',
  }
}
