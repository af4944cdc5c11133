import { DiskError } from '@varve/core/problems/disk-error'
import type { SeenController } from '@varve/protocol/agent'
import type { RestoredMark } from './backup/restored-mark.ts'

export interface RestoredOptions {
  readonly wasRestored: (seen: SeenController) => boolean
  /** Ends what was open when this process started; gives how many. */
  readonly hold: (error: DiskError) => Promise<number>
  readonly onHeld: (host: string, held: number) => void
}

/** A controller that was restored from a backup does not do again what was done since: its open runs wait for people. */
export interface Restored {
  /** Called before anything goes on, in a data folder that says of itself that it was restored; gives how many runs are held. */
  begin(mark: RestoredMark): Promise<number>
  /** Called with what an agent has seen, before it is welcomed. */
  heard(host: string, seen: SeenController): Promise<void>
}

export function createRestored(options: RestoredOptions): Restored {
  let holding: Promise<number> | null = null
  let isTold = false
  const hold = async (file: string, why: string) =>
    await options.hold(
      new DiskError('refused', {
        file,
        reason: `this controller was restored from a backup${why}`,
        remedy: 'Look at what became of it on its hosts; then let it go on, undo it, or forget it.',
      }),
    )
  return {
    begin: ({ at }) =>
      (holding ??= hold('controller', ` of ${at}, and knows nothing of what was done since`)),
    async heard(host, seen) {
      const hasSeenMore = options.wasRestored(seen)
      if (holding === null && !hasSeenMore) return
      const held = await (holding ??= hold(host, `: ${host} has seen what it knows nothing of`))
      if (!hasSeenMore || isTold) return
      isTold = true
      options.onHeld(host, held)
    },
  }
}
