import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inspectImage } from '@varve/core/layers/inspect-image'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { nodePorts } from '@varve/engine/ports/ports'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { withMachineUses } from './machines/machine-uses.ts'
import { macMachines } from './machines/read-machines.ts'
import { openMachineLab, type MachineLab } from './testing/machine-lab.ts'

const MiB = 1024 ** 2
const nobody = async () => ({ of: () => [], unseen: [] })

describe('what changes a disk of a machine', () => {
  let place: TempPlace
  let lab: MachineLab
  let host: TestHost

  beforeEach(async () => {
    place = await tempPlace()
    lab = openMachineLab(place)
    const findWriters = withMachineUses(nobody, macMachines(lab.ports))
    host = openTestHost(place.file('host'), { findWriters })
  })
  afterEach(async () => {
    await host[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  const run = async (tool: string, ...args: string[]) =>
    promisify(execFile)(join(place.file('mac-tools'), tool), args)
  const blocked = (planned: Plan | Refusal) =>
    planned.kind === 'refusal'
      ? planned.problems.map(({ id, message }) => `${id}: ${message}`).join('\n')
      : 'a plan'

  const changes = (image: string): readonly (readonly [string, object])[] => [
    ['grow', { image, size: 32 * MiB, partition: 'none' }],
    ['reclaim', { image }],
    ['delete', { image }],
    ['move', { source: image, target: `${image}.moved` }],
  ]

  test.each([
    ['UTM', 'utmctl', ['start', 'suspend']],
    ['Parallels', 'prlctl', ['start', 'pause', 'suspend']],
  ] as const)('of %s is refused while it runs, is paused or suspended', async (product, tool, verbs) => {
    const { image } = product === 'UTM' ? await lab.addUtm('web 1') : await lab.addParallels('web 1')
    for (const verb of verbs) {
      await run(tool, verb, 'web 1')
      for (const [operation, request] of changes(image)) {
        const said = blocked(await host.plan(operation, request))
        expect(said, `${operation} after ${verb}`).toContain('in-use')
        expect(said).toContain('the machine web 1')
      }
    }
    await run(tool, 'stop', 'web 1')
    for (const [operation, request] of changes(image))
      expect(blocked(await host.plan(operation, request))).toMatch(/^(?:a plan|nothing-to-reclaim.*)$/u)
  })

  test('grows once it is stopped, and stays the disk of its machine', async () => {
    const { folder, image } = await lab.addUtm('web 1')
    await run('utmctl', 'start', 'web 1')
    await run('utmctl', 'stop', 'web 1')
    const request = { image, size: 32 * MiB, partition: 'none' }
    const plan = await host.plan('grow', request)
    if (plan.kind !== 'plan') throw new Error(blocked(plan))
    const accepted = plan.warnings.map(({ id }) => id)
    const { signal } = new AbortController()
    const state = await host.runs.start({ plan, request, accepted }, { stop: signal })
    expect(state.phase).toBe('succeeded')
    const report = await inspectImage(folder, nodePorts({ roots: null, io: 'async' }))
    expect(report).toMatchObject({ format: 'utm', virtualSize: 32 * MiB })
  })
})
