import { open, stat } from 'node:fs/promises'
import { openTestHost } from '@varve/agent/testing/test-host'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { adapters } from './testing/adapters.ts'
import { blankDisk, filesOf, manyFiles, onLoop, putExt4 } from './testing/guest-disks.ts'
import { canUseLoop } from './testing/loop-devices.ts'
import { digestOf, nothingIsLeft } from './testing/what-is-left.ts'

const [mib, tib] = [1024 ** 2, 1024 ** 4]
const stop = new AbortController().signal
const slow = { timeout: 300_000 }

const table = `label: dos
start=2048, size=20480, type=c, bootable
start=22528, size=108544, type=5
start=24576, size=20480, type=82
start=47104, size=83968, type=83`

interface Listed {
  readonly partitiontable: {
    readonly label: string
    readonly partitions: readonly {
      readonly node: string
      readonly start: number
      readonly size: number
      readonly type: string
      readonly attrs?: string
    }[]
  }
}

async function tableOf(path: string) {
  const { partitiontable } = JSON.parse(await runToolOk('sfdisk', ['--json', path])) as Listed
  const { label, partitions } = partitiontable
  const parts = partitions.map(({ node, start, size, attrs }) => ({
    index: Number(/\d+$/u.exec(node)?.[0]),
    start: start * 512,
    size: size * 512,
    isActive: attrs === 'LegacyBIOSBootable',
  }))
  return { label, parts }
}

/** An MBR with logical partitions, the last an ext4 that ends with the disk of 64 MiB. */
async function dataDisk(place: TempPlace) {
  const path = await blankDisk({ path: place.file('made.raw'), size: 64, table })
  await putExt4(path, { from: await manyFiles(place.file('from')), start: 23, size: 41 })
  return { path, files: await onLoop(path, { start: 23 * mib, size: 41 * mib }, filesOf) }
}

const kept = [
  { index: 1, start: mib, size: 10 * mib, isActive: true },
  { index: 5, start: 12 * mib, size: 10 * mib, isActive: false },
]

describe.skipIf(!canUseLoop() || !requires('resize2fs', 'unshare', 'setpriv', 'tar', 'sgdisk'))(
  'grow with a GPT in place of the MBR',
  () => {
    test(
      'partitions keep numbers and places, the last has the room, its files are the same',
      slow,
      async () => {
        await using place = await tempPlace()
        const { path: made, files } = await dataDisk(place)
        const path = place.file('a.qcow2')
        await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', made, path])
        const original = await digestOf(path)
        await using host = openTestHost(place.path, { adapters })
        const request = { image: path, size: 128 * mib, partition: 6, toGpt: true, allContents: true }
        const plan = await host.plan('grow', request)
        if (plan.kind === 'refusal') throw new Error(plan.problems[0]?.message)
        expect(plan.warnings.map(({ id }) => id)).toContain('bios-start-lost')
        const accepted = plan.warnings.map(({ id }) => id)
        const state = await host.runs.start({ plan, request, accepted }, { stop })
        expect([state.phase, state.error]).toEqual(['succeeded', null])
        await nothingIsLeft(path, place.path)
        const after = place.file('after.raw')
        await runToolOk('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', path, after])
        expect(await runToolOk('sgdisk', ['-v', after])).toContain('No problems found')
        const root = { index: 6, start: 23 * mib, size: 104 * mib, isActive: false }
        expect(await tableOf(after)).toEqual({ label: 'gpt', parts: [...kept, root] })
        await onLoop(after, root, async (device) => {
          expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
          expect(await filesOf(device)).toBe(files)
        })
        expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
        expect(await digestOf(path)).toBe(original)
      },
    )

    test('a disk of 3 TiB, the container only: without it that is refused', slow, async () => {
      await using place = await tempPlace()
      const { path } = await dataDisk(place)
      await using host = openTestHost(place.path, { adapters })
      const larger = { image: path, size: 3 * tib }
      expect(await host.plan('grow', { ...larger, partition: 6 })).toMatchObject({
        problems: [{ id: 'mbr-too-small', remedy: expect.stringContaining('--gpt') as string }],
      })
      const request = { ...larger, partition: 'none', toGpt: true }
      const plan = await host.plan('grow', request)
      if (plan.kind === 'refusal') throw new Error(plan.problems[0]?.message)
      const accepted = plan.warnings.map(({ id }) => id)
      const state = await host.runs.start({ plan, request, accepted }, { stop })
      expect([state.phase, state.error]).toEqual(['succeeded', null])
      const root = { index: 6, start: 23 * mib, size: 41 * mib, isActive: false }
      expect(await tableOf(path)).toEqual({ label: 'gpt', parts: [...kept, root] })
      expect((await stat(path)).size).toBe(3 * tib)
      await using file = await open(path)
      const last = Buffer.alloc(8)
      await file.read(last, 0, 8, 3 * tib - 512)
      expect(last.toString('latin1')).toBe('EFI PART')
    })
  },
)
