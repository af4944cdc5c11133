import type { AttachedNow } from '@varve/engine/attached/attached-now'
import type { ActionOutcome } from '@varve/operations/actions/action-table'

export type AttachedView = ActionOutcome<'list-attached'>['attached'][number]

/** An attachment as it is told. */
export function toAttachedView({
  note,
  state,
  server,
  size,
  partitions,
  volumes,
  mounts,
}: AttachedNow): AttachedView {
  return {
    attachment: note.id,
    image: note.image,
    device: note.device,
    how: note.how,
    state,
    readOnly: note.isReadOnly,
    throwAway: note.isThrowAway,
    pid: server?.pid ?? null,
    size,
    partitions: [...partitions],
    volumes: volumes.map(({ device, kind, size: bytes }) => ({ device, kind, size: bytes })),
    mounts: [...mounts],
    madeAt: note.madeAt,
  }
}
