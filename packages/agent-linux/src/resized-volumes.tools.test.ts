import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { adapters, readPlaces } from './testing/adapters.ts'
import { blankDisk, filesOf, manyFiles, onLoop, putExt4 } from './testing/guest-disks.ts'
import { canUseLoop } from './testing/loop-devices.ts'
import { standInLvm, type StandInLvm } from './testing/stand-in-lvm.ts'

const stop = new AbortController().signal
const mib = 1024 ** 2

const hostIn = (folder: string) => openTestHost(folder, { adapters, readPlaces })

async function run(host: TestHost, operation: string, request: unknown) {
  const plan = await host.plan(operation, request)
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join(', '))
  return await host.runs.start({ plan, request, accepted: plan.warnings.map(({ id }) => id) }, { stop })
}

/** A disk of 24 MiB with a GPT and an ext4 of 20 MiB in it, in a volume. */
async function diskIn(lvm: StandInLvm, place: TempPlace, pool: string | null): Promise<string> {
  const path = await blankDisk({
    path: place.file('a.raw'),
    size: 24,
    table: 'label: gpt\nstart=2048, size=40960, uuid=44444444-4444-4444-8444-4444444444BB\n',
  })
  await putExt4(path, { from: await manyFiles(place.file('from')), start: 1, size: 20 })
  await using host = hostIn(place.file('made'))
  const target = `lvm:${lvm.group}/vm`
  const made = await run(host, 'write-volume', {
    source: { path, format: null, reading: {} },
    target,
    pool,
  })
  expect(made.phase).toBe('succeeded')
  return `/dev/${lvm.group}/vm`
}

const part = { start: mib, size: null }

describe.skipIf(!canUseLoop() || !requires('sfdisk', 'sgdisk', 'resize2fs', 'unshare', 'setpriv'))(
  'volumes of another size, with a stand-in for LVM',
  () => {
    test.each([
      ['thin', 'pool'],
      ['thick', null],
    ])(
      'a %s one grows with what is in it',
      async (_, pool) => {
        await using lvm = await standInLvm()
        await using place = await tempPlace()
        const device = await diskIn(lvm, place, pool)
        const files = await onLoop(device, { start: mib, size: 20 * mib }, filesOf)
        await using host = hostIn(place.file('host'))
        const state = await run(host, 'grow', { image: device, size: 41 * mib })
        expect(state).toMatchObject({ phase: 'succeeded' })
        const [kept = '', now] = await lvm.volumes().then((all) => all.toReversed())
        expect([now, kept]).toEqual(['vm', expect.stringMatching(/^vm-before-[0-9a-f]{8}$/u)])
        expect(await runToolOk('sgdisk', ['--verify', device])).toContain('No problems found')
        expect(await sizeOf(device)).toBe(44 * mib)
      },
      120_000,
    )
  },
)

async function sizeOf(device: string): Promise<number> {
  return Number(await runToolOk('blockdev', ['--getsize64', device]))
}
