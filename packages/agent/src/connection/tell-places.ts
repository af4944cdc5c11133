import { setTimeout as sleep } from 'node:timers/promises'
import type { LibraryPlaces } from '@varve/protocol/agent'
import { refusalCode } from './agent-client.ts'
import type { Session } from './deliver-reports.ts'

/** Free space is looked at so often, and told when it has changed by more than `worthBytes`. */
const everyMs = 4000
const worthBytes = 1024 * 1024

/** Tells the free space of the libraries whenever it changes, for as long as the session lasts. */
export async function tellPlaces(
  { client, id, signal }: Session,
  gather: () => Promise<LibraryPlaces>,
  intervalMs = everyMs,
): Promise<void> {
  // The hello has just told them.
  let told = await gather()
  while (!signal.aborted) {
    await sleep(intervalMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    const now = await gather()
    if (isNews(told, now)) {
      try {
        await client.places(id, now)
        told = now
      } catch (error) {
        // A controller that does not know the call, or will not take it, has the places of the hello.
        const code = refusalCode(error)
        if (code === 'NOT_FOUND' || code === 'BAD_REQUEST') return
        throw error
      }
    }
  }
}

function isNews(told: LibraryPlaces, now: LibraryPlaces): boolean {
  return now.some((library, index) => {
    const before = told[index]
    if (!before || before.name !== library.name) return true
    const free = Math.abs((before.place.free ?? 0) - (library.place.free ?? 0))
    const rest = (each: LibraryPlaces[number]) =>
      JSON.stringify({ ...each, place: { ...each.place, free: null } })
    return free >= worthBytes || rest(before) !== rest(library)
  })
}
