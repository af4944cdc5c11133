import { volumesOfFolder } from '@varve/core/image/volume-address'
import { isDiskError } from '@varve/core/problems/disk-error'
import { problemFromError } from '@varve/core/problems/problem'
import type { VolumeFacts } from '@varve/operations/volumes/facts'
import { volumesOfLibrary } from '@varve/operations/volumes/of-library'
import type { LibraryFacts } from '@varve/protocol/hosts'
import type { ReadPlaces, ToolBox } from '../actions/adapter.ts'

type Facts = Omit<LibraryFacts, 'name' | 'path'>

export interface VolumePlacesOptions {
  readonly system: string
  readonly tools: ToolBox
  /** Left out where the system has no reader of its volumes. */
  readonly readPlaces?: ReadPlaces | undefined
}

/** Of a place of which nothing is known. */
export const unknownPlace: LibraryFacts['place'] = {
  filesystem: null,
  mountPoint: null,
  free: null,
  total: null,
  copyOnWrite: null,
  media: null,
}

/** LVM is asked anew after so long: it takes locks of the host, and reads devices. */
const freshMs = 30_000

/** What is told of libraries of volumes: their room, and what can be made in them. */
export class VolumePlaces {
  readonly #options: VolumePlacesOptions
  #known: { readonly at: number; readonly facts: Promise<VolumeFacts> } | null = null

  constructor(options: VolumePlacesOptions) {
    this.#options = options
  }

  /** Of the library whose devices are in that folder. No file is laid there. */
  async of(folder: string): Promise<Facts> {
    const volumes = volumesOfFolder(folder)
    if (volumes === null) return { writable: false, place: unknownPlace }
    const told = volumesOfLibrary(volumes, await this.#facts())
    return {
      writable: false,
      place: { ...unknownPlace, free: told.free, total: told.total },
      volumes: listed(told.volumes),
    }
  }

  async #facts(): Promise<VolumeFacts> {
    const now = performance.now()
    if (this.#known === null || now - this.#known.at > freshMs) this.#known = { at: now, facts: this.#read() }
    return await this.#known.facts
  }

  async #read(): Promise<VolumeFacts> {
    const { system, tools, readPlaces } = this.#options
    const isRoot = process.geteuid?.() === 0
    const own = { host: '', system, isRoot, isOwnHost: true, problems: [] }
    if (!readPlaces || !isRoot) return { ...own, places: null }
    try {
      return { ...own, places: await readPlaces(tools, { folders: [] }) }
    } catch (error) {
      if (!isDiskError(error)) throw error
      return { ...own, places: null, problems: [problemFromError(error)] }
    }
  }
}

type Volumes = NonNullable<Facts['volumes']>

/** As many pools as are told. */
function listed({
  pools,
  ...rest
}: Omit<Volumes, 'pools'> & { readonly pools: readonly Volumes['pools'][number][] }): Volumes {
  return { ...rest, pools: pools.slice(0, 1000) }
}
