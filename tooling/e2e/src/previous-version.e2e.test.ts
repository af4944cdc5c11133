import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { protocolVersion } from '@varve/protocol/primitives'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fleet, type FleetOptions } from './fleet.ts'
import { writeNoisyDisk } from './noisy-disk.ts'
import { bundlePrevious, hasPrevious, previous } from './previous-version.ts'

const MiB = 1024 * 1024

test('the version before speaks the protocol before', () => {
  expect(previous.protocol).toBe(protocolVersion - 1)
})

describe.skipIf(!requires('qemu-img', 'git', 'tar') || !(await hasPrevious()))(
  'one minor version apart',
  () => {
    let place: TempPlace
    let programs: Awaited<ReturnType<typeof bundlePrevious>>

    beforeAll(async () => {
      place = await tempPlace()
      programs = await bundlePrevious(place.file('previous'))
    }, 180_000)
    afterAll(async () => place[Symbol.asyncDispose]())

    /** A migration and a plan: hello, inventory, jobs, exports, manifests and runs all cross the wire. */
    async function works(name: string, of: FleetOptions): Promise<void> {
      await using fleet = await Fleet.start(place.file(name), { joined: true, ...of })
      const disk = place.file(`${name}.raw`)
      await writeNoisyDisk(disk, { size: 96 * MiB, data: 40 * MiB })
      const [made, source] = [join(fleet.folder, 'web01.vmdk'), join(fleet.library('north'), 'web01.vmdk')]
      await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'vmdk', disk, made])
      await rename(made, source)
      const image = await fleet.image('north', 'web01.vmdk')
      const started = await fleet.start(image, { name: 'web01.qcow2', format: 'qcow2' })
      const ended = await fleet.ended(started.id)
      expect(ended.error).toBeNull()
      expect(ended).toMatchObject({ state: 'succeeded', verified: true })
      const target = join(fleet.library('south'), 'web01.qcow2')
      const { stdout } = await runTool('qemu-img', ['compare', '-f', 'vmdk', '-F', 'qcow2', source, target])
      expect(stdout).toContain('Images are identical.')
    }

    test('agents of before with the controller of today', async () => {
      await works('old-agents', { programs: { north: programs.agent, south: programs.agent } })
    }, 120_000)

    test('agents of today with the controller of before', async () => {
      await works('old-controller', { programs: { controller: programs.controller } })
    }, 120_000)

    test('an agent of before serves one of today', async () => {
      await works('mixed', { programs: { north: programs.agent } })
    }, 120_000)
  },
)
