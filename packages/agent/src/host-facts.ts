import { isOfDevices } from '@varve/engine/files/library-roots'
import type { LibraryPlaces } from '@varve/protocol/agent'
import type { HostFacts, LibraryFacts, ToolView } from '@varve/protocol/hosts'
import type { Library } from './library/library.ts'
import type { Platform } from './platform/platform.ts'

/** Raised with each release; shown beside each host. */
export const agentVersion = '0.1.0'

export interface HostFactsOptions {
  readonly name: string
  readonly platform: Platform
  readonly libraries: readonly Library[]
  readonly tools: readonly ToolView[]
}

/** What may change of the libraries while their files do not: free space, rights, mounts. */
export async function gatherPlaces(
  platform: Platform,
  libraries: readonly Library[],
): Promise<LibraryPlaces> {
  const facts = await Promise.all(libraries.map((library) => factsOf(platform, library)))
  return facts.map(({ name, writable, place }) => ({ name, writable, place }))
}

/** What the agent says about its host in every hello; free space is as of now. */
export async function gatherHostFacts(options: HostFactsOptions): Promise<HostFacts> {
  const { name, platform, libraries, tools } = options
  const system = await platform.systemFacts()
  return {
    name,
    ...system,
    agentVersion,
    nodeVersion: process.versions.node,
    capabilities: platform.capabilities,
    tools: [...tools],
    libraries: await Promise.all(libraries.map((library) => factsOf(platform, library))),
  }
}

/** A library that cannot be looked at right now is still a library. No file is laid among the devices of volumes. */
async function factsOf(platform: Platform, { name, root }: Library): Promise<LibraryFacts> {
  const unknown = { writable: false, place: unknownPlace }
  const facts = isOfDevices(root) ? unknown : await platform.libraryFacts(root).catch(() => unknown)
  return { name, path: root, ...facts }
}

const unknownPlace: LibraryFacts['place'] = {
  filesystem: null,
  mountPoint: null,
  free: null,
  total: null,
  copyOnWrite: null,
  media: null,
}
