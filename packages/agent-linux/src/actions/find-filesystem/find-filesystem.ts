import { mountedBtrfs } from '@varve/engine/attached/mounted-btrfs'
import { nativeAdapter } from '@varve/agent/actions/native'
import { filesystemAtStart, volumesIn } from '@varve/agent/operations/guest-volumes'
import { DiskError } from '@varve/core/problems/disk-error'
import { readGuestContents } from '@varve/core/scan/read-guest'
import { openInput } from '@varve/engine/run/open-input'
import type { ActionInput } from '@varve/operations/actions/action-table'
import type { MappedPiece } from '@varve/operations/actions/attached-device'
import { isResized as isOfResized } from '@varve/operations/resize/kinds'
import type { VolumeThere } from '@varve/operations/attach/facts'
import { kindOf, optionsOf } from '@varve/operations/mount/filesystems'
import { holdDevice } from '../hold-device.ts'

type Input = ActionInput<'find-filesystem'>

export const findFilesystem = nativeAdapter('find-filesystem', {
  calls: 'open(2), read(2) of tables, superblocks and the metadata of LVM',

  async run(input, { ports, signal }) {
    const { mapped, isWritten, isThrowAway, isResized } = input
    await using _held = await holdDevice(mapped, ports)
    const { filesystem, pieces } = await lookInto(input, signal)
    if (isResized && !isOfResized(filesystem.type))
      throw refusal(
        mapped,
        `it holds ${filesystem.type}, which Varve gives no other size`,
        'Give it another size inside the guest.',
      )
    const kind = kindOf(filesystem.type)
    if (kind === null) throw refusal(mapped, `it holds ${filesystem.type}, which Varve does not mount`)
    if (
      filesystem.type === 'btrfs' &&
      filesystem.uuid !== null &&
      mountedBtrfs('/sys').includes(filesystem.uuid)
    )
      throw refusal(mapped, `this host has a Btrfs of the same UUID (${filesystem.uuid}) mounted`)
    if (kind.hasJournal && filesystem.state !== 'clean' && !isWritten && !isThrowAway)
      throw refusal(
        mapped,
        `its ${filesystem.type} was not unmounted cleanly, and this host has no nbd for an overlay that its journal could be replayed into`,
      )
    return {
      type: kind.type,
      options: optionsOf(kind, { isWritten, isThrowAway }),
      kind: filesystem.type,
      blockSize: filesystem.blockSize,
      pieces,
    }
  },
})

interface Inside {
  readonly filesystem: NonNullable<VolumeThere['filesystem']>
  readonly pieces: MappedPiece[]
}

async function lookInto({ mapped, volume }: Input, signal: AbortSignal): Promise<Inside> {
  const source = { kind: 'image', path: mapped, roots: null, format: 'raw', choices: {} } as const
  await using opened = await openInput(source, { io: 'async', signal })
  const guest = await readGuestContents(opened.disk, { signal })
  const volumes = await volumesIn(opened.disk, guest, {
    signal,
    isLookedInto: ({ group, name }) => group === volume?.group && name === volume.name,
  })
  if (volume === null) {
    const filesystem = filesystemAtStart(guest)
    if (filesystem) return { filesystem, pieces: [] }
    const named = volumes.map(({ group, name }) => `${group}/${name}`).join(', ')
    throw named === ''
      ? refusal(mapped, 'no filesystem was found in it')
      : refusal(
          mapped,
          'it holds logical volumes',
          `Say which, as IMAGE:VG/LV or IMAGE:PARTITION:VG/LV: ${named}.`,
        )
  }
  const said = `${volume.group}/${volume.name}`
  const found = volumes.find(({ group, name }) => `${group}/${name}` === said)
  if (!found) throw refusal(mapped, `it has no logical volume ${said}`)
  const { pieces, reason, filesystem } = found
  if (pieces === null) throw refusal(mapped, `the logical volume ${said} ${reason ?? 'is not to be had'}`)
  if (filesystem === null) throw refusal(mapped, `no filesystem was found in the logical volume ${said}`)
  return { filesystem, pieces: [...pieces] }
}

function refusal(file: string, reason: string, remedy = 'Leave it attached only: varve attach.'): DiskError {
  return new DiskError('refused', { file, reason, remedy, layer: 'L6' })
}
