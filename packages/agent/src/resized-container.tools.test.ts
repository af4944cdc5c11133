import { readdir, truncate, writeFile } from 'node:fs/promises'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { inspectFile } from '@varve/engine/images/inspect-file'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { openTestHost } from './testing/test-host.ts'

const MiB = 1024 ** 2
const stop = new AbortController().signal
const ways = { system: 'win32', isRoot: false, tools: [] } as const

/** A disk of 16 MiB with a GPT and a partition up to 8 MiB. */
async function makeDisk(raw: string): Promise<void> {
  await writeFile(raw, Buffer.alloc(16 * MiB, 7))
  await writeFile(
    `${raw}.table`,
    'label: gpt\nstart=2048, size=14336, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7\n',
  )
  await runToolOk('sh', ['-c', `sfdisk -q "$1" <"$1.table"`, 'sh', raw])
}

describe.skipIf(!requires('sfdisk'))('another size of the container alone, on a system without tools', () => {
  test.each(['vhdx', 'vhd', 'raw'])('%s: larger and smaller, with its GPT at the end', async (format) => {
    await using place = await tempPlace()
    const raw = place.file('disk.raw')
    await makeDisk(raw)
    await using host = openTestHost(place.path, { ways })
    const carryOut = async (operation: string, request: object) => {
      const plan = await host.plan(operation, request)
      if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
      const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
      expect([state.phase, state.error?.message]).toEqual(['succeeded', undefined])
      return state
    }
    const image = place.file(`image.${format}`)
    const source = { path: raw, format: null, reading: {} }
    await carryOut('convert', { sources: [source], target: image, format })
    const partitionOf = async () => {
      const { virtualSize, guest, problems } = await inspectFile(image, { roots: null })
      expect(problems.filter(({ severity }) => severity !== 'info')).toEqual([])
      return { virtualSize, partitions: guest?.table.partitions.map(({ start, length }) => [start, length]) }
    }
    const partitions = [[MiB, 7 * MiB]]
    expect(await partitionOf()).toEqual({ virtualSize: 16 * MiB, partitions })
    const grown = await carryOut('grow', { image, size: 32 * MiB, partition: 'none' })
    expect(await partitionOf()).toEqual({ virtualSize: 32 * MiB, partitions })
    await carryOut('shrink', { image, to: 12 * MiB, partition: 'none' })
    expect(await partitionOf()).toEqual({ virtualSize: 12 * MiB, partitions })
    expect(grown.error).toBeNull()
    expect((await readdir(place.path)).filter((name) => name.includes('varve-new'))).toEqual([])
  })

  test('undone, it is what it was; what is in it is refused with what is possible', async () => {
    await using place = await tempPlace()
    const image = place.file('disk.raw')
    await makeDisk(image)
    await using host = openTestHost(place.path, { ways })
    const digest = async () =>
      (await digestDisk({ kind: 'image', path: image, roots: null, format: null }, { workers: 1 })).digest
    const before = await digest()
    const request = { image, size: 32 * MiB, partition: 'none' }
    const plan = await host.plan('grow', request)
    if (plan.kind === 'refusal') throw new Error('refused')
    const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
    expect(await digest()).not.toBe(before)
    expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
    expect(await digest()).toBe(before)
    await truncate(image, 32 * MiB)
    const inside = await host.plan('grow', { image, size: 64 * MiB, partition: 1 })
    expect(inside).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'no-block-devices', remedy: expect.stringContaining('--partition none') }],
    })
  })
})
