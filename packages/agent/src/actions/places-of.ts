import { DiskError } from '@varve/core/problems/disk-error'
import type { PlacesView } from '@varve/protocol/places'
import type { ActionPorts, WantedPlaces } from './adapter.ts'

/** The places of this host; throws `refused` on a system that has no reader of them. */
export async function placesOf(
  { tools, readPlaces }: Pick<ActionPorts, 'tools' | 'readPlaces'>,
  wanted: WantedPlaces,
): Promise<PlacesView> {
  if (readPlaces) return await readPlaces(tools, wanted)
  throw new DiskError('refused', {
    file: 'places',
    reason: 'places are told on Linux, Windows and macOS only',
    remedy: 'Ask such a host: varve places --host NAME. The space of a library is shown by varve hosts.',
  })
}
