import type { ToolBox } from '@varve/agent/actions/adapter'
import { isDiskError, toErrorRecord } from '@varve/core/problems/disk-error'
import type { MacMachinesNow, WantedMachines } from '@varve/agent/platform/mac-machines'
import type { MacProduct } from '@varve/protocol/mac-machines'
import type { PlacesView } from '@varve/protocol/places'

export interface MachinePorts {
  readonly tools: ToolBox
  /** Home folders of the people whose machines are looked for. */
  readonly homes: () => Promise<readonly string[]>
  /** Folders of machines that everybody shares. */
  readonly shared: readonly string[]
}

/** Reads the machines of one product. */
export type ReadProduct = (
  ports: MachinePorts,
  wanted: Required<Pick<WantedMachines, 'named'>> & WantedMachines,
) => Promise<MacMachinesNow>

/** What a tool gives; null where it does not tell, which is noted. Throws only when canceled. */
export async function toldBy<T>(
  product: MacProduct,
  unread: PlacesView['unread'],
  ask: () => Promise<T>,
): Promise<T | null> {
  try {
    return await ask()
  } catch (error) {
    if (!isDiskError(error) || isDiskError(error, 'canceled')) throw error
    const { message, remedy } = toErrorRecord(error, product)
    const asked =
      product === 'UTM'
        ? 'utmctl tells only in the session of the person who runs UTM, not over SSH and not to a service.'
        : remedy
    unread.push({ what: `which machines of ${product} run`, reason: message, remedy: asked })
    return null
  }
}
