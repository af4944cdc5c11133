import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { ScriptedController } from '../testing/scripted-controller.ts'
import { startAgent } from '../testing/start-agent.ts'
import { openTestHost } from '../testing/test-host.ts'
import { openFleetLocks } from './fleet-locks.ts'

const stop = new AbortController().signal
const killedRun = fileURLToPath(new URL('../testing/killed-run.ts', import.meta.url))

async function open() {
  const place = await tempPlace()
  const image = place.file('lib/disk.raw')
  await mkdir(place.file('lib'))
  await writeFile(image, Buffer.alloc(65_536))
  const host = openTestHost(place.path)
  const run = { id: 'run-of-fleet', name: '7', operation: 'Repair disk.raw', paths: [image] }
  return {
    folder: place.path,
    data: place.file('agent'),
    image,
    host,
    run,
    locks: await openFleetLocks(place.file('agent')),
    request: { image },
    visible: async () => (await readdir(place.file('lib'))).sort(),
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    },
  }
}

test('a run of the fleet keeps the command off its image, over restarts of the agent, until it is over', async () => {
  await using here = await open()
  const { host, locks, run, image, request } = here
  const free = await host.plan('delete', request)
  await locks.take(run)
  await locks.take(run)
  expect(await host.plan('delete', request)).toMatchObject({
    kind: 'refusal',
    problems: [
      {
        id: 'run-busy',
        severity: 'block',
        layer: 'L1',
        file: image,
        details: { run: '7', of: 'fleet', operation: 'Repair disk.raw' },
        remedy: expect.stringContaining('varve runs 7 --fleet'),
      },
    ],
  })
  if (free.kind === 'refusal') throw new Error('refused')
  const begin = async () => host.runs.start({ plan: free, request, accepted: [] }, { stop })
  await expect(begin()).rejects.toMatchObject({ code: 'run-busy', details: { run: '7', of: 'fleet' } })
  expect(await host.runs.list()).toEqual([])
  const restarted = await openFleetLocks(here.data)
  await restarted.keep([run.id])
  await expect(begin()).rejects.toMatchObject({ code: 'run-busy' })
  await restarted.keep([])
  expect((await begin()).phase).toBe('succeeded')
})

test('a run of the command that was killed keeps the fleet off, and is named, until it is canceled', async () => {
  await using here = await open()
  const { folder, host, locks, run, request } = here
  const orders = JSON.stringify({
    folder,
    operation: 'delete',
    request,
    accepted: [],
    at: 2,
    when: 'before',
    adapters: null,
  })
  const child = await execa(process.execPath, ['--no-warnings', killedRun, orders], { reject: false })
  expect(child.signal).toBe('SIGKILL')
  const [killed] = await host.runs.list()
  const id = killed?.state.id ?? ''
  const busy = {
    code: 'run-busy',
    details: { run: id, of: 'host', operation: expect.stringContaining('Put disk.raw') },
  }
  await expect(locks.take(run)).rejects.toMatchObject(busy)
  expect(await readdir(here.data).then((names) => readdir(join(here.data, names[0] ?? '')))).toEqual([])
  expect((await host.runs.cancel(id, { stop })).phase).toBe('canceled')
  await locks.take(run)
  await locks.keep([])
  expect(await here.visible()).toEqual(['disk.raw'])
})

test('an agent locks what the run of a job works on, and frees it when the controller says that the run is over', async () => {
  await using place = await tempPlace()
  await using controller = await new ScriptedController().start()
  await using agent = await startAgent({ controller, name: 'north', folder: place.path })
  const path = join(agent.library, 'disk.raw')
  await writeFile(path, Buffer.alloc(65_536))
  const names = async () => (await readdir(agent.library)).sort()
  const start = (jobId: string, id: string) =>
    controller.send('north', {
      kind: 'start-job',
      jobId,
      request: { kind: 'digest', library: 'images', name: 'disk.raw' },
      noProgressSeconds: 30,
      run: { id, name: id, operation: `Digest for ${id}`, paths: [path] },
    })
  const endOf = (jobId: string) =>
    controller.memory.reports.find((report) => report.jobId === jobId && report.kind !== 'progress')
  start('job-of-the-first', 'first')
  await controller.until(() => endOf('job-of-the-first')?.kind === 'succeeded')
  expect(await names()).toEqual(['.disk.raw.varve.lock', 'disk.raw'])
  start('job-of-the-second', 'second')
  await controller.until(() => endOf('job-of-the-second') !== undefined)
  expect(endOf('job-of-the-second')).toMatchObject({
    kind: 'failed',
    error: { code: 'run-busy', layer: 'L1', file: path, details: { run: 'first', of: 'fleet' } },
  })
  controller.send('north', { kind: 'runs', open: ['second'], token: 'any' })
  start('job-of-the-third', 'second')
  await controller.until(() => endOf('job-of-the-third')?.kind === 'succeeded')
})
