import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { walkKills } from '@varve/agent/testing/walk-kills'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { blankDisk, onLoop } from './testing/guest-disks.ts'
import { makeGroup, placesIn } from './testing/linear-group.ts'
import { canUseLoop } from './testing/loop-devices.ts'
import { canUseXfs, madeAs, makeRoot, type Kind } from './testing/made-roots.ts'
import { kindsOf, putManyKinds } from './testing/many-kinds.ts'
import { adapters, ways } from './testing/stand-in-mapper.ts'
import { digestOf, nothingIsLeft } from './testing/what-is-left.ts'

const mib = 1024 ** 2
const stop = new AbortController().signal
const slow = { timeout: 600_000 }
const walkTime = 2_400_000
const url = pathToFileURL(join(import.meta.dirname, 'testing/stand-in-mapper.ts')).href
/** MiB: where the partition of LVM begins, its first extent in it, and an extent. */
const [groupAt, dataAt, extent] = [12, 1, 4]
const group = 'vg'

interface Sizes {
  /** MiB of the disk, of its volume `root`, and of the disk that is to be. */
  readonly disk: number
  readonly root: number
  readonly to: number
}

const small: Sizes = { disk: 140, root: 100, to: 96 }

/** What a guest starts from, and a group: extent 0 is `swap`, then come `root` and `data`, which lies where the disk is to end. */
async function groupDisk(path: string, kind: Kind, { disk, root }: Sizes) {
  const table = [
    'label: gpt',
    'start=2048, size=22528, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="ESP"',
    `start=${groupAt * 2048}, size=${(disk - groupAt - 1) * 2048}, type=E6D6D379-F507-44C2-A23C-238F2A3DF928, name="lvm"`,
  ]
  await blankDisk({ path, size: disk, table: table.join('\n') })
  await onLoop(path, { start: groupAt * mib, size: (disk - groupAt - 1) * mib }, async (device) =>
    makeGroup(device, group, [
      ['swap', extent],
      ['root', root],
      ['data', 3 * extent],
    ]),
  )
  await onLoop(path, rootIn(root), async (device) => {
    await makeRoot(device, kind)
    await putManyKinds(device, kind)
  })
  const [swap, data] = [randomBytes(extent * mib), randomBytes(3 * extent * mib)]
  await using file = await open(path, 'r+')
  await file.write(swap, 0, swap.length, (groupAt + dataAt) * mib)
  await file.write(data, 0, data.length, (groupAt + dataAt + extent + root) * mib)
  return { path, swap, data }
}

const rootIn = (size: number) => ({ start: (groupAt + dataAt + extent) * mib, size: size * mib })

/** Extents of the smaller group, and those of them that `root` gets. */
function extentsOf({ to }: Sizes) {
  const all = Math.floor((to - groupAt - 1 - dataAt) / extent)
  return { all, root: all - 4 }
}

const hostIn = (folder: string) => openTestHost(folder, { adapters, ways })

async function shrink(host: TestHost, request: object) {
  const asked = { byFiles: true, ...request }
  const plan = await host.plan('shrink', asked)
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
  const accepted = plan.warnings.map(({ id }) => id)
  const state = await host.runs.start({ plan, request: asked, accepted }, { stop })
  return { ...state, told: `${state.phase}: ${state.error?.message ?? 'done'}`, accepted }
}

const tools = [
  'qemu-img',
  'sgdisk',
  'lvm',
  'dmsetup',
  'mke2fs',
  'dumpe2fs',
  'unshare',
  'setpriv',
  'tar',
  'cp',
]
const hasXfs = await canUseXfs()

describe.skipIf(!canUseLoop() || !requires(...tools))('shrink by files in LVM', () => {
  interface Original {
    readonly kind: Kind
    readonly sizes: Sizes
    readonly swap: Buffer
    readonly data: Buffer
    readonly files: string
    readonly like: string
  }

  /** All that is to be true of the smaller disk. */
  async function isResult(raw: string, { kind, sizes, swap, data, files, like }: Original): Promise<void> {
    const { to } = sizes
    const { all, root } = extentsOf(sizes)
    expect((await stat(raw)).size).toBe(to * mib)
    expect(await runToolOk('sgdisk', ['--verify', raw])).toContain('No problems found')
    const places = await onLoop(
      raw,
      { start: groupAt * mib, size: (to - groupAt - 1) * mib },
      async (device) => placesIn(device, group),
    )
    expect(places.toSorted()).toEqual([`data ${root + 1}-${all - 1}`, `root 1-${root}`, 'swap 0-0'])
    const now = await readFile(raw)
    const at = (first: number, count: number) => {
      const start = (groupAt + dataAt + first * extent) * mib
      return now.subarray(start, start + count * extent * mib)
    }
    expect(at(0, 1).equals(swap)).toBe(true)
    expect(at(root + 1, 3).equals(data)).toBe(true)
    await onLoop(raw, rootIn(root * extent), async (device) => {
      const check = kind === 'xfs' ? (['xfs_repair', '-n'] as const) : (['e2fsck', '-f', '-n'] as const)
      expect((await runTool(check[0], [...check.slice(1), device])).exitCode).toBe(0)
      expect(await madeAs(device, kind)).toBe(like)
      expect(await kindsOf(device, kind)).toBe(files)
    })
  }

  async function originalIn(path: string, kind: Kind, sizes: Sizes): Promise<Original> {
    const { swap, data } = await groupDisk(path, kind, sizes)
    const [files, like] = await onLoop(path, rootIn(sizes.root), async (device) => [
      await kindsOf(device, kind),
      await madeAs(device, kind),
    ])
    return { kind, sizes, swap, data, files, like }
  }

  test.each<[Kind, string, Sizes]>([
    ['ext4', 'raw', small],
    ['ext4', 'qcow2', small],
    ...(hasXfs ? [['xfs', 'qcow2', { disk: 520, root: 480, to: 400 }] as [Kind, string, Sizes]] : []),
  ])(
    '%s in %s: a new one like it, other volumes moved before, and undone',
    slow,
    async (kind, format, sizes) => {
      await using place = await tempPlace()
      const made = place.file('made.raw')
      const original = await originalIn(made, kind, sizes)
      await mkdir(place.file('lib'))
      const image = place.file(`lib/it's "a".${format}`)
      await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, made, image])
      const before = await digestOf(image)
      await using host = hostIn(place.path)
      const state = await shrink(host, { image, to: sizes.to * mib })
      expect(state.told).toBe('succeeded: done')
      expect(state.accepted).toEqual(['by-files-not-kept'])
      const after = place.file('after.raw')
      await runToolOk('qemu-img', ['convert', '-f', format, '-O', 'raw', image, after])
      await isResult(after, original)
      await nothingIsLeft(image, place.path)
      expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
      expect(await digestOf(image)).toBe(before)
      await nothingIsLeft(image, place.path)
    },
  )

  test('as small as its files allow; with less it says how much they need', slow, async () => {
    await using place = await tempPlace()
    await mkdir(place.file('lib'))
    const image = place.file('lib/a.raw')
    const sizes = { disk: 400, root: 340, to: 0 }
    const { files } = await originalIn(image, 'ext4', sizes)
    const before = await digestOf(image)
    await using host = hostIn(place.path)
    const least = await host.plan('shrink', { image, to: (groupAt + 22) * mib, byFiles: true })
    expect(least.kind === 'refusal' && least.problems.map(({ id }) => id)).toEqual(['too-small'])
    expect(await digestOf(image)).toBe(before)
    const state = await shrink(host, { image, to: null })
    expect(state.told).toBe('succeeded: done')
    const { size } = await stat(image)
    expect(size).toBeLessThan(160 * mib)
    const places = await onLoop(
      image,
      { start: groupAt * mib, size: size - (groupAt + 1) * mib },
      async (device) => placesIn(device, group),
    )
    const [, last = ''] = places.find((one) => one.startsWith('root'))?.split('-') ?? []
    await onLoop(image, rootIn(Number(last) * extent), async (device) => {
      expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
      expect(await kindsOf(device, 'ext4')).toBe(files)
    })
    await nothingIsLeft(image, place.path)
  })

  test('a group with two copies of its metadata is refused before anything is written', slow, async () => {
    await using place = await tempPlace()
    const path = await blankDisk({ path: place.file('a.raw'), size: 64, table: null })
    await onLoop(path, { start: 0, size: null }, async (device) =>
      makeGroup(device, group, [['root', 40]], ['--metadatacopies', '2']),
    )
    await onLoop(path, { start: dataAt * mib, size: 40 * mib }, async (device) => makeRoot(device, 'ext4'))
    await using host = hostIn(place.path)
    const plan = await host.plan('shrink', { image: path, to: 40 * mib, byFiles: true })
    expect(plan.kind === 'refusal' && plan.problems).toMatchObject([
      { id: 'volume-not-by-files', message: expect.stringContaining('exactly one copy') as string },
    ])
    expect(plan.kind === 'refusal' && plan.problems).toHaveLength(1)
  })

  test(
    'killed at entries of its journal: the original or the result is there whole, and nothing stays attached',
    { timeout: walkTime },
    async () => {
      await using place = await tempPlace()
      const made = place.file('made.raw')
      const known = await originalIn(made, 'ext4', small)
      const template = place.file('made.qcow2')
      await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', made, template])
      const original = await digestOf(template)
      const image = (folder: string) => join(folder, 'lib/a.qcow2')
      const isWhole = async (folder: string) => {
        const raw = join(folder, 'then.raw')
        await runToolOk('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', image(folder), raw])
        await isResult(raw, known)
      }
      const walked = await walkKills({
        operation: 'shrink',
        oneOf: 17,
        system: { adapters, ways, url },
        async prepare(folder) {
          await mkdir(join(folder, 'lib'))
          await copyFile(template, image(folder))
          return { image: image(folder), to: small.to * mib, byFiles: true }
        },
        async atAnyTime(folder) {
          if ((await digestOf(image(folder))) !== original) await isWhole(folder)
        },
        async whenDone(folder) {
          await isWhole(folder)
          await nothingIsLeft(image(folder), folder)
        },
        async whenUndone(folder) {
          expect(await digestOf(image(folder))).toBe(original)
          await nothingIsLeft(image(folder), folder)
        },
      })
      expect(walked.resumed).toBeGreaterThanOrEqual(3)
      expect(walked.undone).toBeGreaterThanOrEqual(3)
    },
  )
})
