import { writeFile } from 'node:fs/promises'
import { TRPCError } from '@trpc/server'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { ScriptedController } from '../testing/scripted-controller.ts'
import { startAgent } from '../testing/start-agent.ts'

const discard = {
  kind: 'discard' as const,
  pullId: 'p1',
  target: { library: 'images', name: 'web01.qcow2' },
  format: 'qcow2' as const,
  subformat: null,
}

describe('an agent and its controller', () => {
  test('says hello with its facts, and waits for a controller that is not there yet', async () => {
    await using place = await tempPlace()
    await using controller = await new ScriptedController().start()
    await controller.stop()
    await using agent = await startAgent({ controller, name: 'north', folder: place.path })
    await controller.start()
    const hello = await controller.until(() => controller.memory.hellos[0])
    expect(hello.facts).toMatchObject({
      name: 'north',
      libraries: [{ name: 'images', path: agent.library, writable: true }],
    })
    expect(hello.jobs).toEqual([])
  })

  test('after a restart of the controller it is the same instance and resumes after the last command', async () => {
    await using place = await tempPlace()
    await using controller = await new ScriptedController().start()
    await using _agent = await startAgent({ controller, name: 'north', folder: place.path })
    await controller.run('north', discard)
    await controller.run('north', discard)
    await controller.stop()
    await controller.start()
    await controller.run('north', discard)
    const [before, after] = controller.memory.hellos
    expect(after?.instance).toBe(before?.instance)
    expect(controller.memory.resumes).toEqual([null, 2])
    const ends = controller.memory.reports.filter(({ kind }) => kind === 'succeeded')
    // An acknowledgement may be cut off with the connection: an end comes at least once.
    expect([...new Set(ends.map(({ jobId }) => jobId))]).toEqual(['job-1', 'job-2', 'job-3'])
  })

  test('an end that was not acknowledged is in the next hello and is delivered again', async () => {
    await using place = await tempPlace()
    await using controller = await new ScriptedController().start()
    await using _agent = await startAgent({ controller, name: 'north', folder: place.path })
    let refusals = 0
    controller.refuseReport = () => {
      if (refusals >= 2) return
      refusals += 1
      throw new TRPCError({ code: 'INTERNAL_SERVER_ERROR' })
    }
    await controller.run('north', discard)
    expect(refusals).toBe(2)
    expect(controller.memory.hellos.map(({ jobs }) => jobs)).toEqual([[], ['job-1'], ['job-1']])
    expect(controller.memory.reports.filter(({ kind }) => kind === 'succeeded')).toHaveLength(1)
  })

  test('an end that the controller refuses for good does not hold up the others', async () => {
    await using place = await tempPlace()
    await using controller = await new ScriptedController().start()
    await using _agent = await startAgent({ controller, name: 'north', folder: place.path })
    controller.refuseReport = ({ jobId }) => {
      if (jobId === 'job-1') throw new TRPCError({ code: 'BAD_REQUEST' })
    }
    controller.startJob('north', discard)
    await controller.run('north', discard)
    expect(controller.memory.hellos).toHaveLength(1)
  })

  test('a command that comes again is not carried out again, but answered', async () => {
    await using place = await tempPlace()
    await using controller = await new ScriptedController().start()
    await using _agent = await startAgent({ controller, name: 'north', folder: place.path })
    const command = {
      kind: 'start-job' as const,
      jobId: 'same',
      request: { kind: 'inspect' as const, library: 'images', name: 'missing.raw' },
      noProgressSeconds: 60,
    }
    controller.send('north', command)
    const first = await controller.endOf('same')
    await writeFile(place.file('images/missing.raw'), Buffer.alloc(1024))
    controller.send('north', command)
    await controller.until(
      () => controller.memory.reports.filter(({ jobId }) => jobId === 'same').length === 2,
    )
    expect(first).toMatchObject({ kind: 'failed', error: { code: 'not-found' } })
    expect(controller.memory.reports.at(-1)).toEqual(first)
  })

  test('a job of a kind that it does not know is refused, and the next command is taken', async () => {
    await using place = await tempPlace()
    await using controller = await new ScriptedController().start()
    await using _agent = await startAgent({ controller, name: 'north', folder: place.path })
    controller.sendRaw('north', { kind: 'start-job', jobId: 'new', request: { kind: 'levitate' } })
    controller.sendRaw('north', { kind: 'sing' })
    expect(await controller.endOf('new')).toMatchObject({ kind: 'failed', error: { code: 'refused' } })
    await controller.run('north', discard)
  })

  test('what the controller has of the libraries is not sent again after a lost connection, unless it asks', async () => {
    await using place = await tempPlace()
    await using controller = await new ScriptedController().start()
    await using agent = await startAgent({ controller, name: 'north', folder: place.path })
    const { deltas, images } = controller.memory
    await writeFile(`${agent.library}/a.raw`, Buffer.alloc(4096))
    // Sent only once what came before it was acknowledged.
    await controller.until(() => deltas.some(({ state }) => state?.count === 1))
    await controller.stop()
    await writeFile(`${agent.library}/b.raw`, Buffer.alloc(4096))
    const before = deltas.length
    await controller.start()
    await controller.until(() => images.has('north/images/b.raw'))
    await controller.until(() => deltas.slice(before).some(({ state }) => state?.count === 2))
    const named = () => deltas.slice(before).flatMap(({ changed }) => changed.map(({ name }) => name))
    expect(named()).toEqual(['b.raw'])
    controller.send('north', { kind: 'rescan' })
    await controller.until(() => named().filter((name) => name === 'a.raw').length === 1)
  })
})
