import { expect, test } from 'vitest'
import { agentService } from './definition.ts'
import { runService, type ServiceBody } from './run-service.ts'
import { isServiceFault, serviceFault } from './service-fault.ts'
import { MemoryServices } from './testing/memory-services.ts'
import { waitUntilRunning, waitUntilStopped } from './wait-for-state.ts'

const name = 'varve-agent'
const definition = agentService({ node: 'node', nodeWords: [], script: 'a' }, { data: 'd', privileges: [] })
const times = { tickMs: 5, waitHintMs: 100, lastResortMs: 200 }

/** A service in memory whose process runs `start`, started. */
function installed(start: () => Promise<ServiceBody>) {
  const codes: number[] = []
  const system: MemoryServices = new MemoryServices({
    program: () => async (process) => {
      const events = system.events.open(name)
      codes.push(await runService({ name, process, events, start, times }))
    },
  })
  system.services.create(name, definition)
  system.services.start(name)
  return {
    system,
    codes,
    waiting: { services: system.services, times: { askMs: 1, patienceMs: 2000 } },
    texts: () => system.told.map(({ kind, text }) => `${kind}: ${text}`),
  }
}

/** Something that takes some ticks to start and to stop. */
function slowBody() {
  const due = Promise.withResolvers<void>()
  const pause = async () => await new Promise<void>((resolve) => setTimeout(resolve, 60))
  const start = async () => {
    await pause()
    return { stop: pause, due: due.promise }
  }
  return { start, due }
}

test('it shows the system how far it is, from its start to its end in good order', async () => {
  const { system, waiting, codes, texts } = installed(slowBody().start)
  await waitUntilRunning(name, waiting)
  system.services.stop(name)
  await waitUntilStopped(name, waiting)
  expect(system.services.status(name)).toMatchObject({ state: 'stopped', exitCode: 0 })
  const states = system.reports.map(({ state }) => state)
  expect([...new Set(states)]).toEqual(['start-pending', 'running', 'stop-pending', 'stopped'])
  for (const state of ['start-pending', 'stop-pending']) {
    const points = system.reports.filter((report) => report.state === state)
    expect(points.length).toBeGreaterThan(2)
    expect(points.map(({ checkPoint }) => checkPoint)).toEqual(points.map((_, index) => index + 1))
    expect(points.every(({ waitHintMs }) => waitHintMs === 100)).toBe(true)
  }
  await expect.poll(() => codes).toEqual([0])
  expect(texts()).toEqual([
    'information: varve-agent runs.',
    'information: varve-agent stops: it was asked to.',
    'information: varve-agent has stopped.',
  ])
})

test('when the system shuts down it ends in good order too', async () => {
  const { system, waiting, texts } = installed(slowBody().start)
  await waitUntilRunning(name, waiting)
  system.shutDown(name)
  await waitUntilStopped(name, waiting)
  expect(texts()[1]).toBe('information: varve-agent stops: the system shuts down.')
})

test('as another build it is to be started anew: it ends with a code of its own, and the system starts it', async () => {
  const { start, due } = slowBody()
  const { system, waiting, codes } = installed(start)
  await waitUntilRunning(name, waiting)
  due.resolve()
  await waitUntilStopped(name, waiting)
  expect(system.services.status(name)).toMatchObject({ exitCode: 1066, ownCode: 75 })
  await expect.poll(() => codes).toEqual([75])
})

test('what it cannot start for is an event, and an end that is not in good order', async () => {
  const { system, waiting, texts } = installed(async () => {
    throw new Error('no library is there')
  })
  await expect(waitUntilRunning(name, waiting)).rejects.toMatchObject({
    code: 'service-failed',
    details: { why: 'no-start', code: 1 },
  })
  expect(system.services.status(name)).toMatchObject({ state: 'stopped', exitCode: 1066, ownCode: 1 })
  expect(texts()).toEqual(['error: varve-agent has failed: no library is there'])
})

test('one that does not end is not waited for for ever', async () => {
  const never = new Promise<never>(() => {})
  const { system, waiting, texts } = installed(async () => ({
    stop: async () => await never,
    due: never,
  }))
  await waitUntilRunning(name, waiting)
  system.services.stop(name)
  await waitUntilStopped(name, waiting)
  expect(system.services.status(name)).toMatchObject({ exitCode: 1066, ownCode: 1 })
  expect(texts().at(-1)).toBe('error: varve-agent has failed: it did not end within 0.2 seconds')
})

test('a program that the system did not start is no service', async () => {
  const process = {
    serve: async () => {
      throw serviceFault(name, 'run as a service', 1063)
    },
    report() {
      throw new Error('nothing is reported')
    },
  }
  const run = runService({ name, process, events: null, start: slowBody().start })
  await expect(run).rejects.toSatisfy((error) => isServiceFault(error, 'not-started-by-system'))
})

test('one that makes no step forward is not waited for', async () => {
  const system = new MemoryServices({
    program: () => async (process) => await process.serve(name, { started() {}, asked() {} }),
  })
  system.services.create(name, definition)
  system.services.start(name)
  const waiting = { services: system.services, times: { askMs: 1, patienceMs: 30 } }
  await expect(waitUntilRunning(name, waiting)).rejects.toSatisfy((error) =>
    isServiceFault(error, 'no-answer'),
  )
})
