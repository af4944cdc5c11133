import { DiskError } from '@varve/core/problems/disk-error'
import type { SeenController } from '@varve/protocol/agent'

export interface RestoredOptions {
  readonly wasRestored: (seen: SeenController) => boolean
  /** Ends what was open when this process started; gives how many. */
  readonly hold: (error: DiskError) => Promise<number>
  readonly onHeld: (host: string, held: number) => void
}

/** A controller that was restored from a backup does not do again what was done since: its open runs wait for people. */
export interface Restored {
  /** Called with what an agent has seen, before it is welcomed. */
  heard(host: string, seen: SeenController): Promise<void>
}

export function createRestored(options: RestoredOptions): Restored {
  let holding: Promise<void> | null = null
  async function hold(host: string): Promise<void> {
    const held = await options.hold(
      new DiskError('refused', {
        file: host,
        reason: `this controller was restored from a backup: ${host} has seen what it knows nothing of`,
        remedy: 'Look at what became of it on its hosts; then let it go on, undo it, or forget it.',
      }),
    )
    options.onHeld(host, held)
  }
  return {
    async heard(host, seen) {
      if (holding === null && !options.wasRestored(seen)) return
      await (holding ??= hold(host))
    },
  }
}
