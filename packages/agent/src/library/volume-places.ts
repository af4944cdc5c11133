import { unknownPlace } from '@varve/core/image/unknown-place'
import { volumesOfFolder } from '@varve/core/image/volume-address'
import type { VolumeFacts } from '@varve/operations/volumes/facts'
import { volumesOfLibrary } from '@varve/operations/volumes/of-library'
import type { LibraryFacts } from '@varve/protocol/hosts'
import type { ActionPorts } from '../actions/adapter.ts'

type Facts = Omit<LibraryFacts, 'name' | 'path'>

type Ports = Pick<ActionPorts, 'tools' | 'readPlaces'>

/** LVM is asked anew after so long: it takes locks of the host, and reads devices. */
const freshMs = 30_000

/** What is told of libraries of volumes: their room, and what can be made in them. */
export class VolumePlaces {
  readonly #ports: Ports
  #known: { readonly at: number; readonly facts: Promise<VolumeFacts> } | null = null

  constructor(ports: Ports) {
    this.#ports = ports
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
    // Few agents have such a library.
    const [{ problemCollector }, { volumeFacts }] = await Promise.all([
      import('../operations/copy-facts.ts'),
      import('../operations/volumes.ts'),
    ])
    // What is told is of libraries of this agent's own.
    const ports = { ...this.#ports, roots: null }
    return await volumeFacts(problemCollector(), { ports, host: '', signal: new AbortController().signal })
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
