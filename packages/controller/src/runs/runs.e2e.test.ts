import { DiskError } from '@varve/core/problems/disk-error'
import type { RunView } from '@varve/protocol/runs'
import { sampleOutcome } from '@varve/operations/testing/sample-plan'
import { expect, test } from 'vitest'
import { startFakeAgent, type connect, type Script } from '../testing/fake-agent.ts'
import { eventually, startTestController } from '../testing/start-test-controller.ts'

const target = '/srv/north/b.qcow2'
const wish = { host: 'north', operation: 'clone', request: { host: 'north', target } }
let keys = 0
const start = (change: object = {}) => ({ ...wish, idempotencyKey: `key-of-run-${(keys += 1)}`, ...change })

type Client = ReturnType<typeof connect>['client']

async function ended(client: Client, id: string): Promise<RunView> {
  return await eventually(async () => {
    const run = await client.runs.get.query({ id })
    return run.finishedAt === null ? null : run
  })
}

async function at(client: Client, id: string, step: string): Promise<RunView> {
  return await eventually(async () => {
    const run = await client.runs.get.query({ id })
    return run.steps.find((one) => one.id === step)?.state === 'running' ? run : null
  })
}

/** Does what each action wants, but `held` only once it is let go. */
function holding(held: string): Partial<Script> & { readonly letGo: () => void } {
  const gate = Promise.withResolvers<void>()
  return {
    letGo: gate.resolve,
    action: async ({ action, input }, { signal }) => {
      if (action === held) {
        await Promise.race([
          gate.promise,
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true })
          }),
        ])
      }
      return { kind: 'action', outcome: sampleOutcome(action, input) }
    },
  }
}

/** The first live event of that kind after `act`. */
async function firstEvent(client: Client, kind: string, act: () => Promise<unknown>): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    const live = client.events.live.subscribe(
      {},
      {
        onStarted: () => void act().catch(reject),
        onData({ data }) {
          const found = data.find(({ event }) => event.kind === kind)
          if (!found) return
          live.unsubscribe()
          resolve(found.event)
        },
        onError: reject,
      },
    )
  })
}

const actionsOf = (started: readonly { kind: string }[]) =>
  started.flatMap((request) => ('action' in request ? [String(request.action)] : []))

test('a plan of a host is shown with its commands, carried out and kept', async () => {
  await using controller = await startTestController()
  await using agent = await startFakeAgent({ url: controller.url, name: 'north' })
  const { client } = controller
  const { plan, digest, script } = await client.runs.plan.query(wish)
  expect(plan).toMatchObject({
    kind: 'plan',
    steps: [{ id: 'write', layer: 'L2', command: 'native: write' }, { id: 'prove' }, { id: 'publish' }],
  })
  expect(script).toBe('#!/bin/sh')
  const asked = start({ seen: digest })
  const { id } = await client.runs.start.mutate(asked)
  const run = await ended(client, id)
  expect(run).toMatchObject({ state: 'succeeded', number: 1, hosts: ['north'], error: null })
  expect(run.steps.map(({ state }) => state)).toEqual(['done', 'done', 'done'])
  expect(run.steps[2]?.result).toEqual({ path: target })
  expect(actionsOf(agent.started)).toEqual(['write-image', 'prove-image', 'publish-image'])
  const locked = { id, name: '1', operation: `Clone a.raw to ${target}`, paths: [target] }
  const jobs = agent.commands.filter(({ kind }) => kind === 'start-job')
  expect(jobs.map((command) => ('run' in command ? command.run : null))).toEqual([
    null,
    null,
    locked,
    locked,
    locked,
  ])
  expect(agent.commands.at(-1)).toEqual({ kind: 'runs', open: [], token: expect.any(String) })
  expect((await client.runs.start.mutate(asked)).id).toBe(id)
  expect(await client.runs.list.query({})).toHaveLength(1)
  expect((await client.runs.get.query({ id: '1' })).id).toBe(id)
  const activity = await client.events.activity.query({})
  expect(activity.map(({ title }) => title)).toContain(`Clone a.raw to ${target}: succeeded`)
})

test('a plan that is another one by now is not started', async () => {
  await using controller = await startTestController()
  await using _agent = await startFakeAgent({ url: controller.url, name: 'north' })
  const seen = 'c'.repeat(64)
  await expect(controller.client.runs.start.mutate(start({ seen }))).rejects.toThrow(/another one now/u)
  expect(await controller.client.runs.list.query({})).toEqual([])
})

test('a second run on the same image is refused, naming the first', async () => {
  await using controller = await startTestController()
  const script = holding('write-image')
  await using _agent = await startFakeAgent({ url: controller.url, name: 'north', script })
  const { client } = controller
  const { id } = await client.runs.start.mutate(start())
  await at(client, id, 'write')
  await expect(client.runs.start.mutate(start())).rejects.toThrow(/the run 1 \(Clone a\.raw/u)
  script.letGo()
  expect((await ended(client, id)).state).toBe('succeeded')
})

test('what fails is undone; it can be resumed', async () => {
  await using controller = await startTestController()
  let isFull = true
  await using agent = await startFakeAgent({
    url: controller.url,
    name: 'north',
    script: {
      action: async ({ action, input }) => {
        if (action === 'publish-image' && isFull)
          throw new DiskError('no-space', { file: target, wanted: 2, available: 1 })
        return { kind: 'action', outcome: sampleOutcome(action, input) }
      },
    },
  })
  const { client } = controller
  const { id } = await client.runs.start.mutate(start())
  const failed = await ended(client, id)
  expect(failed).toMatchObject({ state: 'failed', error: { code: 'no-space' }, can: { resume: true } })
  expect(actionsOf(agent.started).at(-1)).toBe('discard-staged')
  isFull = false
  await client.runs.resume.mutate({ id })
  expect((await ended(client, id)).state).toBe('succeeded')
})

test('a canceled run stops the action and undoes what was done', async () => {
  await using controller = await startTestController()
  await using agent = await startFakeAgent({
    url: controller.url,
    name: 'north',
    script: holding('prove-image'),
  })
  const { client } = controller
  const { id } = await client.runs.start.mutate(start())
  await at(client, id, 'prove')
  expect((await client.fleet.info.query()).runsOpen).toBe(1)
  await client.runs.cancel.mutate({ id })
  expect(await ended(client, id)).toMatchObject({ state: 'canceled', error: null })
  expect((await client.fleet.info.query()).runsOpen).toBe(0)
  const log = await client.runs.log.query({ id })
  expect(log.map((entry) => [entry.event, 'step' in entry ? entry.step : ''].join(' ').trim())).toEqual([
    'created',
    'started write',
    'done write',
    'started prove',
    'asked',
    'failed prove',
    'undone write',
    'ended',
  ])
  expect(actionsOf(agent.started)).toEqual(['write-image', 'prove-image', 'discard-staged'])
  const told = await firstEvent(client, 'run-removed', () => client.runs.forget.mutate({ id }))
  expect(told).toEqual({ kind: 'run-removed', id })
  expect(await client.runs.list.query({})).toEqual([])
  await expect(client.runs.log.query({ id })).rejects.toThrow(/no run/u)
})

test('a run that succeeded is undone by a wish', async () => {
  await using controller = await startTestController()
  await using agent = await startFakeAgent({ url: controller.url, name: 'north' })
  const { client } = controller
  const { id } = await client.runs.start.mutate(start())
  expect((await ended(client, id)).can).toEqual({ cancel: false, resume: false, undo: true })
  await client.runs.undo.mutate({ id })
  expect((await ended(client, id)).state).toBe('undone')
  expect(actionsOf(agent.started).slice(3)).toEqual(['set-aside', 'discard-staged'])
})

test('a run waits for a host that is away, and goes on when it is back', async () => {
  await using controller = await startTestController({ graceMs: 200 })
  const { client } = controller
  const first = await startFakeAgent({ url: controller.url, name: 'north', script: holding('prove-image') })
  const { id } = await client.runs.start.mutate(start())
  await at(client, id, 'prove')
  await first.vanish()
  await eventually(async () => (await client.runs.get.query({ id })).waitsFor === 'north')
  await using second = await startFakeAgent({ url: controller.url, name: 'north' })
  const run = await ended(client, id)
  expect(run).toMatchObject({ state: 'succeeded', waitsFor: null })
  expect(second.started[0]).toMatchObject({ kind: 'action', action: 'prove-image', isResumed: true })
})

test.each([
  ['the same run of its machine', 'one', ['prove-image', 'publish-image']],
  [
    'a machine that was restarted: nothing that was not on its medium is relied on',
    'two',
    ['discard-staged', 'write-image', 'prove-image', 'publish-image'],
  ],
])('a host is back with %s', async (_, boot, expected) => {
  await using controller = await startTestController({ graceMs: 200 })
  const { client, url } = controller
  const script = holding('prove-image')
  const first = await startFakeAgent({ url, name: 'north', boot: 'one', script })
  const { id } = await client.runs.start.mutate(start())
  await at(client, id, 'prove')
  await first.vanish()
  await eventually(async () => (await client.runs.get.query({ id })).waitsFor === 'north')
  await using second = await startFakeAgent({ url, name: 'north', boot })
  expect(await ended(client, id)).toMatchObject({ state: 'succeeded', error: null })
  const done = actionsOf(second.started)
  // Who had begun with the old run of the machine is asked again by the first answer of the new one.
  expect(done.slice(done.length - expected.length)).toEqual(expected)
})

test('a host that is forgotten is not waited for any more', async () => {
  await using controller = await startTestController({ graceMs: 200 })
  const { client } = controller
  const agent = await startFakeAgent({ url: controller.url, name: 'north', script: holding('prove-image') })
  const { id } = await client.runs.start.mutate(start())
  await at(client, id, 'prove')
  expect(await client.runs.list.query({ host: 'north', state: 'open' })).toHaveLength(1)
  await agent.vanish()
  await eventually(async () => (await client.runs.get.query({ id })).waitsFor === 'north')
  await client.fleet.forget.mutate({ name: 'north' })
  const run = await ended(client, id)
  expect(run).toMatchObject({ state: 'failed', error: { code: 'agent-gone' }, waitsFor: null })
  expect(run.undoFailures.map(({ step }) => step)).toEqual(['write'])
})

test('a controller that is started again goes on with its runs', async () => {
  await using controller = await startTestController({ graceMs: 5000 })
  const script = holding('write-image')
  await using _before = await startFakeAgent({ url: controller.url, name: 'north', script })
  const { id } = await controller.client.runs.start.mutate(start())
  await at(controller.client, id, 'write')
  await controller.restart()
  await using after = await startFakeAgent({ url: controller.url, name: 'north' })
  expect((await ended(controller.client, id)).state).toBe('succeeded')
  expect(after.started[0]).toMatchObject({ kind: 'action', action: 'write-image', isResumed: true })
})
