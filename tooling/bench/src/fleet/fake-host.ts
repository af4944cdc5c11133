import { randomUUID } from 'node:crypto'
import { sampleFacts, sampleRecord, sampleSent } from '@varve/controller/testing/samples'
import { InventoryAnswer, type SentRecord, Welcome } from '@varve/protocol/agent'
import { protocolVersion } from '@varve/protocol/primitives'
import { RawClient } from './raw-client.ts'

const library = 'images'

/** An agent that speaks the protocol and has invented images; it dials again only when it is told to. */
export class FakeHost {
  readonly name: string
  readonly #instance = randomUUID()
  readonly #checksums = new Map<string, number>()
  #client: RawClient | null = null
  #session = ''
  /** Connections that ended without having been closed here. */
  dropped = 0

  constructor(name: string) {
    this.name = name
  }

  /** Dials, says hello and subscribes to commands. */
  async hello(url: string): Promise<void> {
    const client = await RawClient.connect(url)
    this.#client = client
    void client.closed.then(() => {
      if (this.#client === client) this.dropped += 1
    })
    const welcome = Welcome.parse(
      await client.call('mutation', 'agents.hello', {
        protocolVersion,
        instance: this.#instance,
        facts: sampleFacts(this.name),
        jobs: [],
        inventory: [],
      }),
    )
    this.#session = welcome.session
    client.subscribe('agents.commands', { session: this.#session }, () => {})
  }

  /** Sends images and waits until they are kept. */
  async send(records: readonly SentRecord[]): Promise<void> {
    for (const { name, checksum } of records) this.#checksums.set(name, checksum)
    const at = new Date().toISOString()
    const delta = { library, kind: 'changes', changed: records, removed: [], state: null, at }
    InventoryAnswer.parse(await this.#call('agents.inventory', { session: this.#session, delta }))
  }

  async #call(path: string, input: unknown): Promise<unknown> {
    if (!this.#client) throw new Error(`${this.name} is not connected`)
    return this.#client.call('mutation', path, input)
  }

  close(): void {
    const client = this.#client
    this.#client = null
    client?.terminate()
  }
}

const formats = ['raw', 'qcow2', 'vmdk', 'vhdx', 'vhd', 'vdi'] as const
const roles = ['web', 'db', 'build', 'mail', 'cache', 'desktop', 'scan', 'print'] as const
const MiB = 1024 ** 2

/** Image number `index` of the fleet, in its state number `version`. */
export function inventedRecord(host: string, index: number, version = 0): SentRecord {
  const format = formats[(index * 7) % formats.length] ?? 'raw'
  const role = roles[(index * 13) % roles.length] ?? 'web'
  const problem = {
    severity: 'warn',
    layer: 'L6',
    file: null,
    message: 'not clean',
    remedy: 'shut it down',
  } as const
  const record = sampleRecord(host, `${role}/${role}${(index * 7919) % 10_000_019}.${format}`, {
    format,
    virtualSize: ((index * 104_729) % 100_000) * MiB,
    allocated: ((index * 1299 + version * 7) % 70_000) * MiB,
    reclaimable: index % 3 === 0 ? (index % 1000) * MiB : null,
    problems: index % 5 === 0 ? [{ id: 'filesystem-dirty', ...problem }] : [],
  })
  return sampleSent({ ...record, modifiedAt: new Date(1.7e12 + index * 1000 + version).toISOString() })
}
