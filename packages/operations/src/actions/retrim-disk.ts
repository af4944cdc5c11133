import { countOf } from '@varve/core/units/format-bytes'
import { Path } from '@varve/protocol/primitives'
import { z } from 'zod'
import { defineAction } from './action.ts'
import { baseName } from './path-words.ts'

/** What became of a volume: it was trimmed, or passed over since it is damaged, locked, or of a kind that Windows does not trim. */
export const RetrimState = z.enum(['retrimmed', 'unhealthy', 'not-readable', 'not-supported'])
export type RetrimState = z.infer<typeof RetrimState>

/** Has Windows discard what the filesystems of an attached disk call free. */
export const retrimDisk = defineAction({
  name: 'retrim-disk',
  layer: 'L6',
  lane: 'transfer',
  attempts: 1,
  isFinal: true,
  input: z.lazy(() =>
    z.object({
      /** Absolute; Varve has it attached for writing. */
      image: Path,
    }),
  ),
  outcome: z.lazy(() =>
    z.object({
      /** Windows keeps the disk offline, and mounts nothing of it. */
      isOffline: z.boolean(),
      volumes: z.array(
        z.object({
          /** Number of the partition. */
          partition: z.number().int().min(1),
          /** Such as `NTFS`; null: Windows names none. */
          filesystem: z.string().nullable(),
          state: RetrimState,
        }),
      ),
    }),
  ),
  words: ({ image }) => ({
    title: 'Trim its volumes',
    does: `Has Windows discard in ${baseName(image)} what each of its NTFS and ReFS calls free; volumes that are damaged or locked are passed over.`,
  }),
  told: ({ isOffline, volumes }) => {
    if (isOffline) return 'the disk is offline: no volume was trimmed'
    const trimmed = volumes.filter(({ state }) => state === 'retrimmed').length
    const passed = volumes.flatMap(({ partition, state }) =>
      state === 'retrimmed' ? [] : [`${partition} (${passedWords[state]})`],
    )
    const over = passed.length === 0 ? '' : `; passed over: partition ${passed.join(', ')}`
    return `${countOf(trimmed, 'volume')} trimmed${over}`
  },
  undo: () => [],
})

const passedWords: Readonly<Record<Exclude<RetrimState, 'retrimmed'>, string>> = {
  unhealthy: 'damaged',
  'not-readable': 'no NTFS or ReFS that Windows reads',
  'not-supported': 'not trimmed by Windows',
}
