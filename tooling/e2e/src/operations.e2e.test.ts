import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { RunView } from '@varve/protocol/runs'
import { runTool, requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Fleet, waitFor } from './fleet.ts'
import { writeNoisyDisk } from './noisy-disk.ts'

const MiB = 1024 * 1024
const target = 'copy.qcow2'

describe.skipIf(!requires('qemu-img'))('an operation on a host of the fleet', () => {
  let place: TempPlace
  let fleet: Fleet
  let disk: string

  beforeAll(async () => {
    place = await tempPlace()
    disk = place.file('disk.raw')
    await writeNoisyDisk(disk, { size: 768 * MiB, data: 320 * MiB })
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })
  beforeEach(async (context) => {
    fleet = await Fleet.start(place.file(context.task.id))
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'vmdk', disk, source()])
  })
  afterEach(async () => {
    await fleet[Symbol.asyncDispose]()
  })

  const source = () => join(fleet.library('north'), 'web.vmdk')

  async function start(): Promise<RunView> {
    return await fleet.api.runs.start.mutate({
      host: 'north',
      operation: 'convert',
      request: { sources: [{ path: 'web.vmdk' }], target, format: 'qcow2' },
      accepted: ['snapshots-lost'],
      idempotencyKey: randomUUID(),
    })
  }

  async function until(id: string, what: string, isThere: (run: RunView) => boolean): Promise<RunView> {
    return await waitFor(what, async () => {
      const run = await fleet.api.runs.get.query({ id })
      return isThere(run) ? run : null
    })
  }

  const ended = async (id: string) => until(id, 'the end of the run', ({ finishedAt }) => finishedAt !== null)
  const writing = async (id: string) =>
    until(id, 'the writing', ({ steps, finishedAt, progress }) => {
      if (finishedAt !== null) throw new Error('the migration of the test ended before it was seen')
      return steps[0]?.state === 'running' && progress !== null
    })

  async function expectSame(): Promise<void> {
    const copy = join(fleet.library('north'), target)
    const compared = await runTool('qemu-img', ['compare', '-f', 'vmdk', '-F', 'qcow2', source(), copy])
    expect(`${compared.stdout}${compared.stderr}`).toContain('Images are identical.')
  }

  test('is planned there, carried out, proven, shown in the inventory, and undone', async () => {
    const { id } = await start()
    expect(await ended(id)).toMatchObject({ state: 'succeeded', error: null, hosts: ['north'] })
    await expectSame()
    await fleet.image('north', target)
    await fleet.api.runs.undo.mutate({ id })
    expect(await ended(id)).toMatchObject({ state: 'undone' })
    expect(await fleet.files('north')).toEqual(['.varve-quarantine', 'web.vmdk'])
  })

  test.each(['north', 'controller'] as const)('goes on after %s was killed', async (victim) => {
    const { id } = await start()
    await writing(id)
    await fleet.kill(victim)
    await fleet.run(victim)
    expect(await ended(id)).toMatchObject({ state: 'succeeded', error: null })
    await expectSame()
    expect(await fleet.files('north')).toEqual([target, 'web.vmdk'])
  })

  test('is canceled without a trace', async () => {
    const { id } = await start()
    await writing(id)
    await fleet.api.runs.cancel.mutate({ id })
    expect(await ended(id)).toMatchObject({ state: 'canceled' })
    expect(await fleet.files('north')).toEqual(['web.vmdk'])
  })
})
