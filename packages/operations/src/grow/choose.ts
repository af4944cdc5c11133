import type { Partition } from '@varve/core/guest/guest-contents'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import type { ResizeFacts } from '../resize/facts.ts'
import { blocking } from '../blocking.ts'
import { targetsOf, type ResizeTarget } from '../resize/targets.ts'
import { isOnWindows } from '../resize/windows-work.ts'
import { layoutOf } from './layout.ts'
import type { GrowRequest } from './request.ts'

/** What gets the room: a target, the container alone, or nobody knows. */
export type Chosen =
  | { readonly kind: 'target'; readonly target: ResizeTarget }
  | { readonly kind: 'container' }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }

interface Choosing {
  readonly facts: ResizeFacts
  readonly partition: GrowRequest['partition']
  /** Bytes of the disk that is to be. */
  readonly size: number
  /** Whether those behind it are moved to the end of the disk. */
  readonly isMoving: boolean
}

export function choose({ facts, partition: asked, size, isMoving }: Choosing): Chosen {
  const { guest, image } = facts
  if (asked === 'none' || guest === null) return { kind: 'container' }
  const targets = targetsOf(guest)
  const refused = (id: string, why: string, remedy: string): Chosen => ({
    kind: 'refused',
    problems: [
      blocking(image.path, { id, layer: 'L4', why, remedy, details: { partitions: named(targets) } }),
    ],
  })
  if (asked !== null) {
    const target = targets.find(({ partition }) => partition?.index === asked)
    if (target) return { kind: 'target', target }
    return refused('no-partition', `it has no partition ${asked} that holds data`, sayWhich(targets))
  }
  const whole = targets.find(({ partition }) => partition === null)
  if (whole) return isEmpty(whole) ? { kind: 'container' } : { kind: 'target', target: whole }
  if (targets.length === 0) return { kind: 'container' }
  const roomy = targets.filter(
    ({ partition }) =>
      partition !== null && hasRoom(partition, layoutOf({ guest, partition, size, isMoving }).end),
  )
  const worth = roomy.filter(
    ({ filesystem, volume }) => (filesystem !== null && filesystem.type !== 'swap') || volume !== null,
  )
  const [first] = worth
  if (first && worth.length === 1) return { kind: 'target', target: first }
  const why =
    worth.length > 1
      ? `${worth.length} partitions have room behind them`
      : 'the room would lie behind a partition that holds no filesystem that could use it'
  const move =
    worth.length === 0 && !isMoving && targets.length > 1 && !isOnWindows(facts)
      ? ' For one that has others behind it say --move too: they go to the end of the larger disk.'
      : ''
  return refused('which-partition', why, sayWhich(targets) + move)
}

/** Less than a MiB is no room. */
const hasRoom = ({ start, length }: Partition, end: number) => end - (start + length) >= 1024 ** 2

const isEmpty = ({ filesystem, volume }: ResizeTarget) => filesystem === null && volume === null

function named(targets: readonly ResizeTarget[]) {
  return targets.flatMap(({ partition, filesystem, volume }) =>
    partition === null
      ? []
      : [
          {
            partition: partition.index,
            type: filesystem?.type ?? volume?.type ?? null,
            bytes: partition.length,
          },
        ],
  )
}

function sayWhich(targets: readonly ResizeTarget[]): string {
  const words = targets.flatMap(({ partition, filesystem, volume }) => {
    if (partition === null) return []
    const label = filesystem?.label
    const held = filesystem?.type ?? volume?.type ?? 'nothing that is known'
    return [
      `${partition.index} (${held}${label ? ` ${quote(label)}` : ''}, ${formatBytes(partition.length)})`,
    ]
  })
  const none = '--partition none changes the container only'
  return words.length === 0 ? `${none}.` : `Say which, as --partition N: ${words.join(', ')}; ${none}.`
}
