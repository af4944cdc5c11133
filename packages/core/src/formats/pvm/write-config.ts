import { DiskError } from '../../problems/disk-error.ts'
import type { NewMachine } from '../machine/new-machine.ts'
import { escaped } from '../parallels/write-descriptor.ts'

const MiB = 1024 ** 2

/** `OsType` and `OsNumber` of libprlsdk: another Linux, Windows 10. */
const systems = { linux: [9, 2309], windows: [8, 2063] } as const
/** `Bios/EfiEnabled`: none, of x86-64, of ARM. */
const firmwares = { bios: 0, efi: { x86_64: 1, aarch64: 5 } } as const
/** `NetworkAdapter/AdapterType`: e1000, VirtIO. */
const cards = { x86_64: 2, aarch64: 3 } as const

export interface PvmDisk {
  /** The bundle beside the configuration. */
  readonly diskName: string
  readonly virtualSize: number
  readonly file: string
}

type Inside = string | number | readonly Element[]
type Element = readonly [name: string, inside: Inside, attributes?: string]

/** `config.pvs` of a machine with one disk on its first SATA port, and nothing shared with the host. */
export function pvmConfig(machine: NewMachine, { diskName, virtualSize, file }: PvmDisk): Uint8Array {
  if (!/^[^\u0000-\u001f\u007f\ufffe\uffff]+$/u.test(machine.name) || !machine.name.isWellFormed())
    throw new DiskError('refused', {
      file,
      reason: 'a configuration of Parallels takes names without control characters',
      remedy: 'Choose another name.',
    })
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    ...linesOf(
      [
        'ParallelsVirtualMachine',
        [
          ['AppVersion', '10.3.0-29227'],
          ['ValidRc', 0],
          ['Identification', identification(machine), none],
          ['Settings', settings(machine), none],
          ['Hardware', hardware(machine, diskName, Math.ceil(virtualSize / MiB)), lists],
        ],
        'schemaVersion="1.0" dyn_lists="VirtualAppliance 0"',
      ],
      '',
    ),
    '',
  ]
  return new TextEncoder().encode(lines.join('\n'))
}

const none = 'dyn_lists=""'
const lists =
  'dyn_lists="Fdd 0 CdRom 0 Hdd 1 Serial 0 Parallel 0 Printer 0 NetworkAdapter 1 Sound 0 USB 1 PciVideoAdapter 0 GenericDevice 0 GenericPciDevice 0 GenericScsiDevice 0"'

function identification({ machineId, name }: NewMachine): Element[] {
  const uuid = `{${machineId.toLowerCase()}}`
  return [
    ['VmUuid', uuid],
    ['VmType', 0],
    ['SourceVmUuid', uuid],
    ['LinkedVmUuid', ''],
    ['LinkedSnapshotUuid', ''],
    ['VmName', name],
    ['ServerUuid', ''],
    ['VmFilesLocation', 1],
    ['VmCreationDate', '1970-01-01 00:00:00'],
  ]
}

function settings({ guest, firmware, architecture }: NewMachine): Element[] {
  const [type, version] = systems[guest]
  const efi = firmware === 'efi' ? firmwares.efi[architecture] : firmwares.bios
  const boot = (id: number, kind: number, place: number): Element => [
    'BootDevice',
    [
      ['Index', 0],
      ['Type', kind],
      ['BootingNumber', place],
      ['InUse', 1],
    ],
    `id="${id}" ${none}`,
  ]
  return [
    [
      'General',
      [
        ['OsType', type],
        ['OsNumber', version],
        ['IsTemplate', 0],
      ],
      'dyn_lists="PrevOsNumber"',
    ],
    [
      'Startup',
      [
        ['BootingOrder', [boot(0, 6, 0), boot(1, 5, 1)], 'dyn_lists="BootDevice 2"'],
        [
          'Bios',
          [
            ['EfiEnabled', efi],
            ['EfiSecureBoot', 0],
          ],
          none,
        ],
      ],
      none,
    ],
    ['Runtime', [['UndoDisks', 0]], 'dyn_lists="IoLimit 0"'],
    [
      'VmEncryptionInfo',
      [
        ['Enabled', 0],
        ['PluginId', ''],
      ],
      none,
    ],
  ]
}

function hardware(machine: NewMachine, diskName: string, megabytes: number): Element[] {
  const { cpus, memory, driveId, mac, architecture } = machine
  return [
    [
      'Cpu',
      [
        ['Number', cpus ?? 2],
        ['Mode', 1],
      ],
      none,
    ],
    [
      'Chipset',
      [
        ['Type', 1],
        ['Version', 3],
      ],
      none,
    ],
    ['Clock', [['TimeShift', 0]], none],
    ['Memory', [['RAM', memory / MiB]], none],
    [
      'Video',
      [
        ['Enabled', 1],
        ['VideoMemorySize', 32],
      ],
      none,
    ],
    [
      'Hdd',
      [
        ['Uuid', `{${driveId.toLowerCase()}}`],
        ['Index', 0],
        ['Enabled', 1],
        ['Connected', 1],
        ['EmulatedType', 1],
        ['SystemName', diskName],
        ['UserFriendlyName', diskName],
        ['Remote', 0],
        ['InterfaceType', 2],
        ['StackIndex', 0],
        ['DiskType', 1],
        ['Size', megabytes],
        ['SizeOnDisk', 0],
        ['Passthrough', 0],
        ['SubType', 0],
        ['Splitted', 0],
        ['DiskVersion', 2],
        ['CompatLevel', 'level2'],
      ],
      'id="0" dyn_lists="Partition 0"',
    ],
    [
      'NetworkAdapter',
      [
        ['Index', 0],
        ['Enabled', 1],
        ['Connected', 1],
        ['EmulatedType', 1],
        ['SystemName', 'eth0'],
        ['UserFriendlyName', 'eth0'],
        ['Remote', 0],
        ['AdapterNumber', -1],
        ['AdapterName', 'Default Adapter'],
        // The prefix that Parallels gives addresses.
        ['MAC', `001C42${mac.slice(-3).join('')}`],
        ['VirtualNetworkID', ''],
        ['AdapterType', cards[architecture]],
      ],
      'id="0" dyn_lists="NetAddress DnsIPAddress SearchDomain"',
    ],
    [
      'USB',
      [
        ['Index', 0],
        ['Enabled', 1],
        ['Connected', 1],
      ],
      `id="0" ${none}`,
    ],
  ]
}

function linesOf([name, inside, attributes]: Element, indent: string): string[] {
  const start = attributes === undefined ? name : `${name} ${attributes}`
  if (typeof inside === 'string' || typeof inside === 'number')
    return [`${indent}<${start}>${escaped(String(inside))}</${name}>`]
  return [
    `${indent}<${start}>`,
    ...inside.flatMap((element) => linesOf(element, `${indent}   `)),
    `${indent}</${name}>`,
  ]
}
