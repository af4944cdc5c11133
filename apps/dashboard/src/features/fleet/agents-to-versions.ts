import { countOf } from '@varve/core/units/format-bytes'
import type { HostView } from '@varve/protocol/hosts'

/** Hosts are named where they are no more than this. */
const mostNamed = 3

/** Which versions of the agent run, the most common first, and where. */
export function agentsToVersions(
  hosts: readonly Pick<HostView, 'name' | 'agentVersion' | 'nodeVersion'>[],
): readonly { readonly version: string; readonly where: string }[] {
  const byVersion = Map.groupBy(
    hosts,
    ({ agentVersion, nodeVersion }) => `${agentVersion}, Node ${nodeVersion}`,
  )
  return [...byVersion]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([version, on]) => ({
      version,
      where: on.length > mostNamed ? countOf(on.length, 'host') : on.map(({ name }) => name).join(', '),
    }))
}
