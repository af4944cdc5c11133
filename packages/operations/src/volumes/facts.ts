import type { Problem } from '@varve/core/problems/problem'
import type { PlacesView } from '@varve/protocol/places'

/** What is known of a host on which a volume is made or removed. */
export interface VolumeFacts {
  readonly host: string
  /** As Node has it, such as `linux`. */
  readonly system: string
  readonly isRoot: boolean
  /** False: it is an agent, which works in its libraries only. */
  readonly isOwnHost: boolean
  /** Null: they could not be read, see `problems`. */
  readonly places: PlacesView | null
  readonly problems: readonly Problem[]
}
