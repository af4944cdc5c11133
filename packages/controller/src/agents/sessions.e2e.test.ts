import { protocolVersion } from '@varve/protocol/primitives'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import { connect, startFakeAgent, untilAborted } from '../testing/fake-agent.ts'
import { startMigration } from '../testing/migrate-story.ts'
import { sampleFacts, sampleRecord } from '../testing/samples.ts'
import { eventually, startTestController } from '../testing/start-test-controller.ts'

test('an agent that is there keeps its name; one that is gone is taken over from, and is told when it comes back', async () => {
  await using controller = await startTestController()
  const { client, url } = controller
  const images = [sampleRecord('north', 'a.raw')]
  const first = await startFakeAgent({ url, name: 'north', images })
  await expect(startFakeAgent({ url, name: 'north' })).rejects.toThrow(
    'Another agent has said hello as north',
  )
  expect(await client.fleet.host.query({ name: 'north' })).toMatchObject({ state: 'connected', images: 1 })
  await first.vanish()
  await using second = await startFakeAgent({ url, name: 'north' })
  await expect(startFakeAgent({ url, name: 'north', instance: first.instance })).rejects.toThrow(
    'Another agent',
  )
  await second.announce([sampleRecord('north', 'b.raw')])
  expect((await client.fleet.host.query({ name: 'north' })).state).toBe('connected')
})

test('an agent of another protocol version is told who must be updated', async () => {
  await using controller = await startTestController()
  const { client, socket } = connect(controller.url)
  const hello = {
    protocolVersion: protocolVersion + 1,
    instance: 'instance-1',
    facts: sampleFacts('north'),
    jobs: [],
  }
  await expect(client.agents.hello.mutate(hello)).rejects.toThrow('this controller version')
  await socket.close()
})

test('a session that nobody was given is not answered', async () => {
  await using controller = await startTestController()
  await expect(controller.client.agents.report.mutate({ session: 'made-up', reports: [] })).rejects.toThrow(
    'say hello again',
  )
})

test('commands are neither lost nor repeated over a reconnect, nor given to the next process', async () => {
  await using controller = await startTestController()
  const { client, url } = controller
  const images = [sampleRecord('north', 'web01.vmdk')]
  const hang = { inspect: (_: unknown, tools: { signal: AbortSignal }) => untilAborted(tools) }
  const north = await startFakeAgent({ url, name: 'north', images, script: hang })
  await using south = await startFakeAgent({ url, name: 'south' })
  await startMigration(client)
  await eventually(async () => north.commands.length > 0)
  await client.fleet.rescan.mutate({ name: 'north' })
  await eventually(async () => north.commands.length > 1)
  const [first] = north.commands
  const jobs = first?.kind === 'start-job' ? [first.jobId] : []
  await north.vanish()
  const again = await startFakeAgent({ url, name: 'north', instance: north.instance, jobs, script: hang })
  await client.fleet.rescan.mutate({ name: 'north' })
  await eventually(async () => again.commands.some(({ kind }) => kind === 'rescan'))
  expect(again.commands.filter(({ kind }) => kind === 'start-job')).toEqual([])
  await again.vanish()
  await using next = await startFakeAgent({ url, name: 'north', script: hang })
  await eventually(async () => next.commands.some(({ kind }) => kind === 'start-job'))
  const retried = next.commands.find(({ kind }) => kind === 'start-job')
  expect(retried).not.toEqual(first)
  expect(next.commands.filter(({ kind }) => kind === 'rescan')).toEqual([])
  expect(south.commands).toEqual([])
})

test('an agent that vanishes is offline, and its library stays in the inventory', async () => {
  await using controller = await startTestController()
  const { client, url } = controller
  const north = await startFakeAgent({ url, name: 'north', images: [sampleRecord('north', 'a.raw')] })
  await north.vanish()
  const host = await eventually(async () => {
    const view = await client.fleet.host.query({ name: 'north' })
    return view.state === 'offline' && view
  })
  expect(host.images).toBe(1)
  await expect(client.fleet.rescan.mutate({ name: 'north' })).rejects.toThrow('not connected')
})

test('hostile messages end in an error or a closed connection, and the controller lives on', async () => {
  await using controller = await startTestController()
  const address = `${controller.url.replace('http', 'ws')}/trpc`
  const answers = async (message: string | Buffer) => {
    const socket = new WebSocket(address)
    const answer = new Promise<string>((resolve) => {
      socket.on('message', (data: Buffer) => {
        if (!data.toString().startsWith('P')) resolve(data.toString())
      })
      socket.on('close', (code) => resolve(`closed ${code}`))
      socket.on('error', () => undefined)
    })
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send(message)
    const text = await answer
    socket.terminate()
    return text
  }
  expect(await answers('{')).toContain('error')
  expect(await answers(Buffer.from([0, 1, 2]))).toContain('error')
  expect(await answers('[]'.repeat(1000))).toContain('error')
  expect(
    await answers(
      JSON.stringify({ id: 1, method: 'mutation', params: { path: 'agents.hello', input: { json: 1 } } }),
    ),
  ).toContain('BAD_REQUEST')
  const one = JSON.stringify({ id: 1, method: 'query', params: { path: 'fleet.info' } })
  const batch = (count: number) => `[${Array.from({ length: count }, () => one).join(',')}]`
  expect(await answers(batch(2))).toContain('"images":0')
  expect(await answers(batch(1000))).toContain('A batch has at most')
  expect(await answers('['.repeat(1_000_000))).toContain('nested deeper')
  expect(await answers(`{"a":[${'1,'.repeat(200_000)}1]}`)).toContain('values')
  expect(await answers('x'.repeat(40 * 1024 ** 2))).toBe('closed 1009')
  await expect(controller.client.fleet.info.query()).resolves.toMatchObject({ images: 0 })
})
