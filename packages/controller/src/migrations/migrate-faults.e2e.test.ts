import { DiskError } from '@varve/core/problems/disk-error'
import { movedWords } from '@varve/protocol/migration-words'
import { describe, expect, test } from 'vitest'
import {
  sampleDigest,
  startFakeAgent,
  untilAborted,
  wellBehaved,
  type Script,
} from '../testing/fake-agent.ts'
import { ended, reached, startMigration } from '../testing/migrate-story.ts'
import { sampleRecord } from '../testing/samples.ts'
import { eventually, startTestController } from '../testing/start-test-controller.ts'

const MiB = 1024 ** 2
const images = [sampleRecord('north', 'web01.vmdk')]

async function fleet(scripts: { north?: Partial<Script>; south?: Partial<Script> } = {}) {
  const controller = await startTestController()
  const { url } = controller
  const north = await startFakeAgent({ url, name: 'north', images, script: scripts.north ?? {} })
  const south = await startFakeAgent({ url, name: 'south', script: scripts.south ?? {} })
  return {
    ...controller,
    north,
    south,
    async [Symbol.asyncDispose]() {
      await north.vanish()
      await south.vanish()
      await controller[Symbol.asyncDispose]()
    },
  }
}

const kindsOf = (started: readonly { kind: string }[]) => started.map(({ kind }) => kind)

describe('cancel', () => {
  const hang = {
    inspect: 'pre-flight',
    export: 'export',
    measure: 'measure',
    pull: 'pull',
    verify: 'verify',
  } as const
  for (const [kind, step] of Object.entries(hang)) {
    test(`in ${step} ends canceled, with nothing published and everything undone`, async () => {
      const script = { [kind]: (_: unknown, tools: { signal: AbortSignal }) => untilAborted(tools) }
      await using story = await fleet({ north: script, south: script })
      const { client, north, south } = story
      const id = await startMigration(client)
      await reached(client, id, step, 'running')
      await eventually(async () => [...north.started, ...south.started].some((job) => job.kind === kind))
      const canceling = await client.migrations.cancel.mutate({ id })
      expect(canceling.state).toBe('canceling')
      const done = await ended(client, id)
      expect(done.state).toBe('canceled')
      expect(done.error?.code).toBe('canceled')
      expect(done.aftermath).toContain('was only read')
      expect(kindsOf(south.started)).not.toContain('publish')
      if (kind === 'pull' || kind === 'verify') expect(kindsOf(south.started)).toContain('discard')
      if (kind !== 'inspect') expect(kindsOf(north.started)).toContain('release')
      const host = await client.fleet.host.query({ name: 'south' })
      expect(host.running).toEqual([])
    })
  }

  test('keeps what was copied until then: numbers, map and percentage', async () => {
    const chunkMap = {
      chunks: 16,
      chunksPerCell: 1,
      cells: 'wz.f............',
      counts: { waiting: 13, inFlight: 1, written: 1, proven: 0, skipped: 1 },
    }
    const script: Partial<Script> = {
      pull: async (_, tools) => {
        const [done, total, skipped] = [8 * MiB, 16 * MiB, 4 * MiB]
        await tools.progress({ done, total, skipped, seconds: 0.5, rate: 16 * MiB, chunkMap })
        return untilAborted(tools)
      },
    }
    await using story = await fleet({ south: script })
    const id = await startMigration(story.client)
    const running = await eventually(async () => {
      const now = await story.client.migrations.get.query({ id })
      return now.copied !== null && now
    })
    expect(running.copied).toMatchObject({ done: 8 * MiB, total: 16 * MiB, zeros: 4 * MiB })
    await story.client.migrations.cancel.mutate({ id })
    const canceled = await ended(story.client, id)
    expect(canceled).toMatchObject({
      state: 'canceled',
      progress: null,
      copied: { done: 8 * MiB, total: 16 * MiB, zeros: 4 * MiB, seconds: 0.5, chunkMap },
      transferredBytes: 8 * MiB,
      averageRate: 16 * MiB,
    })
    expect(movedWords(canceled)).toMatch(
      /^8\.00 MiB of 16\.0 MiB copied in 0\.5 s at 16\.8 MB\/s, 4\.00 MiB of it zeros · \d/u,
    )
  })

  test('in publish is refused, and the migration ends well', async () => {
    let publish = () => {}
    const script: Partial<Script> = {
      publish: async (request, tools) => {
        await new Promise<void>((resolve) => (publish = resolve))
        return wellBehaved.publish(request, tools)
      },
    }
    await using story = await fleet({ south: script })
    const id = await startMigration(story.client)
    await eventually(async () => kindsOf(story.south.started).includes('publish'))
    await expect(story.client.migrations.cancel.mutate({ id })).rejects.toThrow('no way back')
    publish()
    expect(await ended(story.client, id)).toMatchObject({ state: 'succeeded' })
  })

  test('a result that comes after the cancel changes nothing', async () => {
    let answer = () => {}
    const script: Partial<Script> = {
      pull: async (request, tools) => {
        await new Promise<void>((resolve) => (answer = resolve))
        return wellBehaved.pull(request, tools)
      },
    }
    await using story = await fleet({ south: script })
    const id = await startMigration(story.client)
    await eventually(async () => kindsOf(story.south.started).includes('pull'))
    await story.client.migrations.cancel.mutate({ id })
    expect(await ended(story.client, id)).toMatchObject({ state: 'canceled' })
    answer()
    await expect(story.client.fleet.info.query()).resolves.toMatchObject({ migrationsRunning: 0 })
    expect(await story.client.migrations.get.query({ id })).toMatchObject({
      state: 'canceled',
      verified: false,
    })
  })
})

describe('a stream that breaks', () => {
  test('is pulled again over a new export with a new name', async () => {
    const names: string[] = []
    const script: Partial<Script> = {
      pull: async (request, tools) => {
        names.push(request.endpoint.exportName)
        if (names.length < 3) throw new DiskError('nbd-failed', { file: 'web01.vmdk', reason: 'cut' })
        return wellBehaved.pull(request, tools)
      },
    }
    await using story = await fleet({ south: script })
    const done = await ended(story.client, await startMigration(story.client))
    expect(done).toMatchObject({ state: 'succeeded', verified: true })
    expect(done.steps.find(({ id }) => id === 'pull')?.attempt).toBe(3)
    expect(new Set(names).size).toBe(3)
  })

  test('for ever fails after five attempts, with every part file discarded', async () => {
    const script: Partial<Script> = {
      pull: async () => {
        throw new DiskError('nbd-failed', { file: 'web01.vmdk', reason: 'cut' })
      },
    }
    await using story = await fleet({ south: script })
    const done = await ended(story.client, await startMigration(story.client))
    expect(done).toMatchObject({ state: 'failed', error: { code: 'nbd-failed' } })
    const pulls = story.south.started.flatMap((job) => (job.kind === 'pull' ? [job.pullId] : []))
    const discards = story.south.started.flatMap((job) => (job.kind === 'discard' ? [job.pullId] : []))
    expect(pulls).toHaveLength(5)
    expect(new Set(discards)).toEqual(new Set(pulls))
    expect(done.steps.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'pre-flight done',
      'export undone',
      'measure done',
      'pull failed',
      'verify skipped',
      'digest done',
      'close skipped',
      'compare skipped',
      'publish skipped',
    ])
  })
})

describe('proof', () => {
  test('a target that reads back differently fails, and nothing is published', async () => {
    const script: Partial<Script> = {
      verify: async (request, tools) => ({
        ...(await wellBehaved.verify(request, tools)),
        digest: 'cd'.repeat(32),
      }),
    }
    await using story = await fleet({ south: script })
    const done = await ended(story.client, await startMigration(story.client))
    expect(done).toMatchObject({ state: 'failed', verified: false, error: { code: 'digest-mismatch' } })
    expect(kindsOf(story.south.started)).not.toContain('publish')
    expect(kindsOf(story.south.started)).toContain('discard')
  })

  test('a source whose own digest differs from what arrived fails', async () => {
    const script: Partial<Script> = {
      digest: async (request, tools) => ({
        ...(await wellBehaved.digest(request, tools)),
        digest: 'cd'.repeat(32),
      }),
    }
    await using story = await fleet({ north: script })
    const done = await ended(story.client, await startMigration(story.client))
    expect(done).toMatchObject({ state: 'failed', error: { code: 'digest-mismatch' } })
    expect(done.targetDigest).toBe(sampleDigest)
  })

  test('a source that changed meanwhile fails cleanly', async () => {
    const script: Partial<Script> = {
      release: async () => {
        throw new DiskError('source-changed', { file: 'web01.vmdk', change: 'modification time' })
      },
    }
    await using story = await fleet({ north: script })
    const done = await ended(story.client, await startMigration(story.client))
    expect(done).toMatchObject({ state: 'failed', error: { code: 'source-changed' } })
    expect(kindsOf(story.south.started)).not.toContain('publish')
  })
})

describe('agents that go', () => {
  test('a target that restarts in the pull is told to clean up and pull again', async () => {
    await using story = await fleet({ south: { pull: (_, tools) => untilAborted(tools) } })
    const { client, south, url } = story
    const id = await startMigration(client)
    await eventually(async () => kindsOf(south.started).includes('pull'))
    await south.vanish()
    await using again = await startFakeAgent({ url, name: 'south' })
    const done = await ended(client, id)
    expect(done).toMatchObject({ state: 'succeeded', verified: true })
    expect(again.commands.filter((command) => command.kind === 'start-job').length).toBe(
      kindsOf(again.started).length,
    )
    expect(kindsOf(again.started)).toEqual(['discard', 'pull', 'verify', 'publish'])
  })

  test('a target that is stopped in the pull, and says so, is told to pull again', async () => {
    let count = 0
    const script: Partial<Script> = {
      pull: async (request, tools) => {
        count += 1
        if (count === 1) throw new DiskError('canceled', { file: 'web01.qcow2', what: 'the job' })
        return wellBehaved.pull(request, tools)
      },
    }
    await using story = await fleet({ south: script })
    const done = await ended(story.client, await startMigration(story.client))
    expect(done).toMatchObject({ state: 'succeeded', verified: true })
    expect(count).toBe(2)
  })

  test('a target that stays away fails the migration; its part file is discarded when it is back', async () => {
    await using story = await fleet({
      south: {
        pull: async (_, tools) => {
          await tools.progress({ done: 5, total: 10 })
          return untilAborted(tools)
        },
      },
    })
    const { client, south, url } = story
    const id = await startMigration(client)
    await eventually(async () => (await client.migrations.get.query({ id })).transferredBytes === 5)
    await south.vanish()
    const done = await ended(client, id)
    expect(done).toMatchObject({ state: 'failed', error: { code: 'agent-gone' } })
    expect(done.transferredBytes).toBe(5)
    expect(movedWords(done)).toMatch(/^5 B of 10 B copied/u)
    expect(done.aftermath).toContain('is removed when the agent there is back')
    await using again = await startFakeAgent({ url, name: 'south' })
    await eventually(async () => kindsOf(again.started).includes('discard'))
  })

  test('a host that is forgotten with a part file on it is not said to remove it', async () => {
    await using story = await fleet({ south: { pull: (_, tools) => untilAborted(tools) } })
    const { client, south } = story
    const id = await startMigration(client)
    await eventually(async () => kindsOf(south.started).includes('pull'))
    await south.vanish()
    await ended(client, id)
    await client.fleet.forget.mutate({ name: 'south' })
    const { aftermath } = await client.migrations.get.query({ id })
    expect(aftermath).not.toContain('is removed when')
    expect(aftermath).toContain('on south, which was forgotten since: "varve leftovers" finds it there.')
    await client.migrations.forget.mutate({ id })
  })

  test('a source that restarts after the pull is asked for its digest again', async () => {
    await using story = await fleet({ north: { digest: (_, tools) => untilAborted(tools) } })
    const { client, north, url } = story
    const id = await startMigration(client)
    await reached(client, id, 'verify', 'done')
    await reached(client, id, 'digest', 'running')
    await north.vanish()
    await using again = await startFakeAgent({ url, name: 'north', images })
    expect(await ended(client, id)).toMatchObject({ state: 'succeeded', verified: true })
    expect(kindsOf(again.started)).toContain('digest')
  })
})

describe('start', () => {
  test('with the same key twice starts one migration', async () => {
    await using story = await fleet()
    const [first, second] = [
      await startMigration(story.client, 'same-key'),
      await startMigration(story.client, 'same-key'),
    ]
    expect(second).toBe(first)
    await ended(story.client, first)
    expect(await startMigration(story.client, 'same-key')).toBe(first)
    expect(await story.client.migrations.list.query({})).toHaveLength(1)
  })

  test('is refused while another migration makes the same file', async () => {
    await using story = await fleet({ south: { pull: (_, tools) => untilAborted(tools) } })
    const id = await startMigration(story.client, 'first-one')
    await expect(startMigration(story.client, 'second-one')).rejects.toThrow('nothing is ever overwritten')
    await story.client.migrations.cancel.mutate({ id })
    expect(await ended(story.client, id)).toMatchObject({ state: 'canceled' })
  })

  test('is refused until each warning is accepted by name', async () => {
    await using story = await fleet({
      north: {
        inspect: async (request, tools) => {
          const { report } = await wellBehaved.inspect(request, tools)
          return { kind: 'inspect', report: { ...report, virtualSize: 64 * 1024 ** 2 + 1 } }
        },
      },
    })
    const { client } = story
    const { rows } = await client.images.list.query({ host: 'north' })
    const request = {
      image: rows[0]?.id ?? '',
      targetHost: 'south',
      targetLibrary: 'images',
      name: 'a.raw',
      format: 'raw' as const,
    }
    const { id } = await client.migrations.start.mutate({ ...request, idempotencyKey: 'not-warned' })
    const done = await ended(client, id)
    expect(done).toMatchObject({ state: 'failed', error: { code: 'refused' } })
    expect(done.error?.message).toContain('nobody has accepted')
    await expect(client.migrations.start.mutate({ ...request, idempotencyKey: 'warned-1' })).rejects.toThrow(
      'odd-size',
    )
    const accepted = await client.migrations.start.mutate({
      ...request,
      idempotencyKey: 'warned-2',
      accepted: ['odd-size'],
    })
    expect(await ended(client, accepted.id)).toMatchObject({ state: 'succeeded' })
  })
})
