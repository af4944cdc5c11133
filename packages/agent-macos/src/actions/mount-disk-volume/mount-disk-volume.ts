import type { ActionPorts, AdapterOf } from '@varve/agent/actions/adapter'
import type { AttachedMacImage } from '@varve/agent/platform/macos-host'
import { DiskError, quote } from '@varve/core/problems/disk-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { mountCommand } from '../../tools/diskutil/commands.ts'
import type { MacPorts } from '../adapter-table.ts'
import { assertFolder, assertOwnNote, disksOf, ownNotes } from '../own-attachment.ts'

type Input = ActionInput<'mount-disk-volume'>

/** Volumes of a system that nobody looks for. */
const ofSystems: ReadonlySet<string> = new Set([
  'Preboot',
  'Recovery',
  'VM',
  'Update',
  'XART',
  'Hardware',
  'Prelogin',
])

const storeOf = ({ device, partition }: Pick<Input, 'device' | 'partition'>) =>
  partition === null ? device : `${device}s${partition}`

export function mountDiskVolume({ mac }: MacPorts): AdapterOf<'mount-disk-volume'> {
  return {
    tools: ['diskutil'],
    command(input) {
      const { folder, isReadOnly, isApfs } = input
      // Which disk its container becomes is known when it is attached.
      const device = isApfs ? '/dev/APFS-VOLUME' : storeOf(input)
      const { tool, args } = mountCommand({ device, folder, isReadOnly })
      return { argv: [tool, ...args] }
    },

    async run(input, { ports, signal }) {
      const { folder, isReadOnly } = input
      await assertFolder(folder, ports)
      const device = volumeOf(await ownDisk(input, ports), input)
      await ports.tools.run(mountCommand({ device, folder, isReadOnly }), { signal, file: folder })
      const mounted = await mountedOf(input, ports)
      if (mounted !== null) return mounted
      throw new DiskError('tool-failed', {
        file: folder,
        tool: 'diskutil',
        exitCode: 0,
        stderr: 'macOS shows nothing of it mounted there',
      })
    },

    isDone: async (input, { ports }) => mountedOf(input, ports),
  }

  /** The disk as it is now: its number may have become another's. */
  async function ownDisk({ image, attachment, device, folder }: Input, ports: ActionPorts) {
    const { disks } = await mac.disks(ownNotes(ports, image))
    const found = disks.find(({ note }) => note?.attachment === attachment)
    const isNoted = found?.note?.mounts.some((mount) => mount.folder === folder) === true
    if (!found?.note || found.disk.device !== device || !isNoted)
      throw new DiskError('refused', {
        file: folder,
        reason: 'what was attached for it is gone',
        remedy: 'Mount it again.',
        layer: 'L3',
      })
    assertOwnNote(found.note, ports)
    return found
  }

  async function mountedOf(
    { image, attachment, folder }: Input,
    ports: ActionPorts,
  ): Promise<{ device: string; folder: string } | null> {
    const { disks } = await disksOf(mac, ownNotes(ports, image), image)
    const mounts = disks.filter(({ note }) => note?.attachment === attachment).flatMap((one) => one.mounts)
    const mount = mounts.find((one) => one.folder === folder)
    return mount ? { device: mount.device, folder } : null
  }
}

/** The partition itself, or the one volume of its container that is somebody's. */
function volumeOf({ disk }: AttachedMacImage, input: Input): string {
  const store = storeOf(input)
  if (!input.isApfs) return store
  const volumes = disk.volumes.filter((volume) => volume.store === store)
  const plain = volumes.filter(({ role }) => role === null)
  const meant = plain.length > 0 ? plain : volumes.filter(({ role }) => !ofSystems.has(role ?? ''))
  const [only] = meant
  if (only && meant.length === 1) return only.device
  const named = volumes.map(
    ({ device, name, role }) => `${device} ${quote(name ?? '')}${role === null ? '' : ` (${role})`}`,
  )
  throw new DiskError('refused', {
    file: input.image,
    reason:
      volumes.length === 0
        ? `macOS shows no volume of the container on ${store}`
        : `its container has ${volumes.length} volumes: ${named.join(', ')}`,
    remedy: 'Attach it, and mount the one that is meant: varve attach IMAGE, then diskutil mount readOnly.',
    finding: volumes.length === 0 ? 'no-volume' : 'which-filesystem',
    layer: 'L6',
  })
}
