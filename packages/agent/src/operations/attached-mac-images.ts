import type { AttachedMacImage, MacDisksNow, MacNote } from '../platform/macos-host.ts'
import type { AttachedView } from './attached-view.ts'

/** What Varve has attached to macOS, as it is told. */
export function attachedMacImages({ disks, gone }: Pick<MacDisksNow, 'disks' | 'gone'>): AttachedView[] {
  return [
    ...disks.flatMap((one) => (one.note === null ? [] : [liveView(one, one.note)])),
    ...gone.map((note) => ({
      ...told(note),
      image: note.image,
      device: note.device ?? 'no disk',
      // Who was at it died, or was cut off.
      state: note.isPending ? ('half-made' as const) : ('gone' as const),
      readOnly: note.isReadOnly,
      size: 0,
      partitions: [],
      volumes: [],
      mounts: [],
    })),
  ]
}

function liveView({ image, disk, mounts }: AttachedMacImage, note: MacNote): AttachedView {
  return {
    ...told(note),
    image,
    device: disk.device,
    state: note.isPending ? 'half-made' : 'live',
    // What is written to a shadow file is not written to the image.
    readOnly: disk.readOnly || note.shadow !== null,
    size: disk.size,
    partitions: [...disk.partitions],
    volumes: disk.volumes.map(({ device, size }) => ({ device, kind: 'apfs' as const, size })),
    mounts: [...mounts],
  }
}

function told({ attachment, by, madeAt, shadow }: MacNote) {
  return { attachment, how: by, throwAway: shadow !== null, pid: null, madeAt }
}
