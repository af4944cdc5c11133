import { unknownPlace } from '@varve/core/image/unknown-place'
import { isOfDevices } from '@varve/engine/files/library-roots'
import type { LibraryPlaces } from '@varve/protocol/agent'
import type { HostFacts, LibraryFacts, ToolView } from '@varve/protocol/hosts'
import type { AgentProgram } from '@varve/protocol/updates'
import type { Library } from './library/library.ts'
import type { VolumePlaces } from './library/volume-places.ts'
import type { Platform } from './platform/platform.ts'

/** Raised with each release; shown beside each host. */
export const agentVersion = '0.1.0'

export interface HostFactsOptions extends LibrariesOf {
  readonly name: string
  readonly tools: readonly ToolView[]
  /** Null: it was installed so that the fleet cannot update it. */
  readonly program: AgentProgram | null
}

interface LibrariesOf {
  readonly platform: Platform
  readonly libraries: readonly Library[]
  readonly volumePlaces: VolumePlaces
}

/** What may change of the libraries while their files do not: free space, rights, mounts, pools. */
export async function gatherPlaces(of: LibrariesOf): Promise<LibraryPlaces> {
  const facts = await factsOfAll(of)
  return facts.map(({ name, writable, place, volumes }) => ({ name, writable, place, volumes }))
}

/** What the agent says about its host in every hello; free space is as of now. */
export async function gatherHostFacts({ name, tools, program, ...of }: HostFactsOptions): Promise<HostFacts> {
  const { platform } = of
  const system = await platform.systemFacts()
  return {
    name,
    ...system,
    agentVersion,
    program,
    nodeVersion: process.versions.node,
    capabilities: platform.capabilities,
    tools: [...tools],
    libraries: await factsOfAll(of),
  }
}

async function factsOfAll({ libraries, ...of }: LibrariesOf): Promise<LibraryFacts[]> {
  return await Promise.all(libraries.map(async (library) => factsOf(library, of)))
}

/** A library that cannot be looked at right now is still a library. */
async function factsOf(
  { name, root }: Library,
  { platform, volumePlaces }: Omit<LibrariesOf, 'libraries'>,
): Promise<LibraryFacts> {
  const facts = isOfDevices(root) ? volumePlaces.of(root) : platform.libraryFacts(root)
  return { name, path: root, ...(await facts.catch(() => ({ writable: false, place: unknownPlace }))) }
}
