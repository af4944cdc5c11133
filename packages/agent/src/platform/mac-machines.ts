import type { MacMachine, MacProduct } from '@varve/protocol/mac-machines'
import type { PlacesView } from '@varve/protocol/places'

/** What the products of a Mac tell of their machines. */
export interface MacMachinesNow {
  readonly machines: readonly MacMachine[]
  /** Products that are here and did not tell which of their machines run. */
  readonly silent: readonly MacProduct[]
  readonly unread: PlacesView['unread']
}

export interface WantedMachines {
  /** Paths of images that are asked about: a machine's folder that holds one is looked at wherever it lies. */
  readonly named?: readonly string[]
  readonly signal?: AbortSignal
}

/** The machines of this Mac, asked now; never rejects but when it is canceled. */
export type ReadMacMachines = (wanted?: WantedMachines) => Promise<MacMachinesNow>
