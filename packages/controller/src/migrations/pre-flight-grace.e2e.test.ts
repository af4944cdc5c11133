import { expect, test } from 'vitest'
import { startFakeAgent, wellBehaved, type Script } from '../testing/fake-agent.ts'
import { ended, reached, startMigration } from '../testing/migrate-story.ts'
import { sampleRecord } from '../testing/samples.ts'
import { eventually, startTestController } from '../testing/start-test-controller.ts'

const images = [sampleRecord('north', 'web01.vmdk')]

test('pre-flight waits for an agent that is away within its grace', async () => {
  await using controller = await startTestController({ graceMs: 30_000 })
  const { url, client } = controller
  let answer = () => {}
  const script: Partial<Script> = {
    inspect: async (request, tools) => {
      await new Promise<void>((resolve) => (answer = resolve))
      return wellBehaved.inspect(request, tools)
    },
  }
  await using north = await startFakeAgent({ url, name: 'north', images, script })
  const south = await startFakeAgent({ url, name: 'south' })
  const id = await startMigration(client)
  await eventually(async () => north.started.length > 0)
  await south.vanish()
  await eventually(async () => (await client.fleet.host.query({ name: 'south' })).state === 'offline')
  answer()
  await eventually(async () => (await client.fleet.host.query({ name: 'north' })).running.length === 0)
  expect(await reached(client, id, 'pre-flight', 'running')).toMatchObject({ state: 'running' })
  await using _again = await startFakeAgent({ url, name: 'south', instance: south.instance })
  expect(await ended(client, id)).toMatchObject({ state: 'succeeded' })
})

test('pre-flight ends with the name of the agent that stays away', async () => {
  await using controller = await startTestController()
  const { url, client } = controller
  const south = await startFakeAgent({ url, name: 'south' })
  const script: Partial<Script> = {
    inspect: async (request, tools) => {
      await south.vanish()
      return wellBehaved.inspect(request, tools)
    },
  }
  await using _north = await startFakeAgent({ url, name: 'north', images, script })
  const id = await startMigration(client)
  const { state, error } = await ended(client, id)
  expect([state, error?.code]).toEqual(['failed', 'agent-gone'])
  expect(error?.message).toContain('south')
})
