import type { VhdNote, WindowsDisksNow } from '../platform/windows-host.ts'
import type { AttachedView } from './attached-view.ts'

/** What Varve has attached to Windows, as it is told. */
export function attachedVhds({ disks, gone }: WindowsDisksNow): AttachedView[] {
  return [
    ...disks.flatMap(({ image, disk, mounts, note }) =>
      note === null
        ? []
        : [
            {
              ...told(note),
              image,
              device: disk.device,
              state: 'live' as const,
              readOnly: disk.readOnly,
              size: disk.size,
              partitions: [...disk.partitions],
              mounts: [...mounts],
            },
          ],
    ),
    ...gone.map((note) => ({
      ...told(note),
      image: note.image,
      device: 'no disk',
      // Who was at it died, or was cut off.
      state: note.isPending ? ('half-made' as const) : ('gone' as const),
      readOnly: note.isReadOnly,
      size: 0,
      partitions: [],
      mounts: [],
    })),
  ]
}

function told({ attachment, by, madeAt }: VhdNote) {
  return { attachment, how: by, throwAway: false, pid: null, volumes: [], madeAt }
}
