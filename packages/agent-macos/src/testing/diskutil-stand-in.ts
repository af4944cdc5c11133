import { realpathSync } from 'node:fs'
import { attachAs } from './attach-stand-in.ts'
import { changeMac, readMac, type MacState, type StandInEntity } from './mac-state.ts'
import { plistText } from './plist-text.ts'
import { begin, failWith, operandOf, say, type Called } from './stand-in-words.ts'

const [, , path = '', ...args] = process.argv
const called: Called = { tool: 'diskutil', path, args }
const bare = (device: string) => device.replace(/^\/dev\//u, '')

function containersOf({ disks }: MacState) {
  return disks.flatMap(({ entities }) =>
    entities
      .filter(({ store, filesystem }) => store !== null && filesystem === null)
      .map((container) => ({
        container,
        volumes: entities.filter(
          ({ store, filesystem }) => store === container.store && filesystem === 'apfs',
        ),
      })),
  )
}

const listed = ({ device, content, size, name, mountPoint }: StandInEntity) => ({
  Content: content,
  DeviceIdentifier: bare(device),
  MountPoint: mountPoint ?? undefined,
  Size: size,
  VolumeName: name ?? undefined,
})

function list(): void {
  const state = readMac(path)
  const own = state.disks.map(({ device, entities, size }) => {
    const whole = entities.find((one) => one.device === device)
    return {
      Content: whole?.content ?? '',
      DeviceIdentifier: bare(device),
      MountPoint: whole?.mountPoint ?? undefined,
      OSInternal: false,
      Partitions: entities.filter((one) => one.store === null && one.device !== device).map(listed),
      Size: size,
      VolumeName: whole?.name ?? undefined,
    }
  })
  const containers = containersOf(state).map(({ container, volumes }) => ({
    APFSPhysicalStores: [{ DeviceIdentifier: bare(container.store ?? '') }],
    APFSVolumes: volumes.map(listed),
    Content: container.content,
    DeviceIdentifier: bare(container.device),
    OSInternal: false,
    Partitions: [],
    Size: container.size,
  }))
  const all = [...own, ...containers]
  say(
    plistText({
      AllDisks: all.map((one) => one.DeviceIdentifier),
      AllDisksAndPartitions: all,
      VolumesFromDisks: [],
      WholeDisks: all.map((one) => one.DeviceIdentifier),
    }),
  )
}

function info(state: MacState): void {
  const wanted = bare(args[2] ?? '')
  const disk = state.disks.find(({ entities }) => entities.some((one) => bare(one.device) === wanted))
  const entity = disk?.entities.find((one) => bare(one.device) === wanted)
  if (!disk || !entity) {
    say(plistText({ Error: true, ErrorMessage: `Could not find disk: ${wanted}` }))
    process.exit(1)
  }
  say(
    plistText({
      BusProtocol: 'Disk Image',
      Content: entity.content,
      DeviceBlockSize: 512,
      DeviceIdentifier: wanted,
      FilesystemType: entity.filesystem ?? '',
      Internal: false,
      MountPoint: entity.mountPoint ?? '',
      PartitionMapPartitionOffset: entity.offset ?? undefined,
      Size: entity.size,
      TotalSize: entity.size,
      Writable: disk.isWriteable,
    }),
  )
}

function apfs(state: MacState): void {
  if (args[1] !== 'list') failWith(called, 1, state)
  say(
    plistText({
      Containers: containersOf(state).map(({ container, volumes }) => ({
        CapacityCeiling: container.size,
        CapacityFree: Math.floor(container.size / 2),
        ContainerReference: bare(container.device),
        Fusion: false,
        PhysicalStores: [{ DeviceIdentifier: bare(container.store ?? ''), Size: container.size }],
        Volumes: volumes.map(({ device, name, role }) => ({
          CapacityInUse: 4096,
          DeviceIdentifier: bare(device),
          Encryption: false,
          FileVault: false,
          Locked: false,
          Name: name ?? '',
          Roles: role === null ? [] : [role],
        })),
      })),
    }),
  )
}

async function image(state: MacState): Promise<void> {
  if (state.release < 26) failWith(called, 1, state)
  if (args[1] === 'create') {
    say('OVERVIEW: Create a blank disk image\nASIF, RAW, UDSB\n')
    return
  }
  if (args[1] !== 'attach') failWith(called, 1, state)
  begin(called, 'attach')
  const disk = await attachAs(called, {
    image: operandOf(args.slice(2), []),
    isReadOnly: args.includes('--readOnly'),
    isRaw: false,
    hasPassphrase: args.includes('--stdinpassphrase'),
    shadow: null,
    knows: (format) => ['asif', 'udif', 'sparseimage', 'sparsebundle'].includes(format),
  })
  say(
    plistText({
      'system-entities': disk.entities.map(({ content, device, size }) => ({
        'content-hint': content,
        'dev-entry': bare(device),
        size,
      })),
    }),
  )
}

function mount(): void {
  begin(called, 'mount')
  const folder = args[args.indexOf('-mountPoint') + 1] ?? ''
  const device = bare(args.at(-1) ?? '')
  const code = changeMac(path, (state) => {
    const entity = state.disks.flatMap(({ entities }) => entities).find((one) => bare(one.device) === device)
    if (!entity || entity.filesystem === null || (entity.filesystem === 'apfs' && entity.store === null))
      return 1
    entity.mountPoint = realpathSync(folder)
    return 0
  })
  if (code !== 0) failWith(called, code, readMac(path))
  say(`Volume on ${device} mounted\n`)
}

function unmount(): void {
  begin(called, 'unmount')
  const folder = args[1] ?? ''
  const code = changeMac(path, (state) => {
    const entity = state.disks.flatMap(({ entities }) => entities).find((one) => one.mountPoint === folder)
    if (!entity) return 1
    const left = state.busy[folder] ?? 0
    if (left > 0) {
      state.busy[folder] = left - 1
      return 16
    }
    entity.mountPoint = null
    return 0
  })
  if (code !== 0) failWith(called, code, readMac(path))
  say(`Volume ${folder} unmounted\n`)
}

/** diskutil(8) over the state of a Mac of the tests: the property lists of macOS 15 and 26. */
switch (args[0]) {
  case 'list':
    list()
    break
  case 'info':
    info(readMac(path))
    break
  case 'apfs':
    apfs(readMac(path))
    break
  case 'image':
    await image(readMac(path))
    break
  case 'mount':
    mount()
    break
  case 'unmount':
    unmount()
    break
  default:
    failWith(called, 1, readMac(path))
}
