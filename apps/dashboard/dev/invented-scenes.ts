import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import { crowdHosts, crowdRow, crowdSize } from './invented-crowd.ts'
import { ago, inventedHost, inventedRow } from './invented-fleet.ts'

/**
 * `busy`: two hosts and a running migration; `crowded`: 200 hosts, long names, all that can be wrong; `empty`: no hosts;
 * `broken`: every query fails; `huge`: 1,000,000 images, of which searches and orders look at the first 1000.
 */
export const scenes = ['busy', 'crowded', 'empty', 'broken', 'huge'] as const
export type Scene = (typeof scenes)[number]

export const hugeSize = 1_000_000
const GiB = 2 ** 30

/** Those that searches look at. */
export function inventedRows(scene: Scene): ImageRow[] {
  if (scene === 'empty') return []
  if (scene === 'crowded') return Array.from({ length: crowdSize }, (_, at) => crowdRow(at))
  return Array.from({ length: scene === 'huge' ? 1000 : 214 }, (_, at) => inventedRow(at))
}

export function inventedHosts(scene: Scene): HostView[] {
  if (scene === 'empty') return []
  return scene === 'crowded' ? crowdHosts() : [inventedHost('north'), southHost()]
}

/** The order of the overview's hosts: offline ones, then the fullest. */
export function needOf({ state, libraries }: HostView): number {
  if (state === 'offline') return -1
  return Math.min(1, ...libraries.map(({ place: { free, total } }) => (free ?? 0) / (total ?? 1)))
}

function southHost(): HostView {
  const host = inventedHost('south', { since: ago(2 * 3600), images: 104 })
  const [first] = host.libraries
  if (!first) return host
  return {
    ...host,
    libraries: [
      {
        ...first,
        name: 'vm',
        path: '/srv/vm',
        images: 104,
        place: { ...first.place, filesystem: 'ext4', free: 1229 * GiB, total: 3686 * GiB },
      },
    ],
  }
}
