import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { measureMinimum } from '@varve/operations/actions/measure-minimum'
import { outcomeOf } from '@varve/operations/runs/run-state'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { adapters } from './testing/adapters.ts'
import { blankDisk, filesOf, inMounted, manyFiles, onLoop, putExt4 } from './testing/guest-disks.ts'
import { canUseLoop } from './testing/loop-devices.ts'
import { bootDisk, guestDisk, rootAt } from './testing/shrunk-disks.ts'
import { digestOf, nothingIsLeft } from './testing/what-is-left.ts'

const mib = 1024 ** 2
const stop = new AbortController().signal
const slow = { timeout: 600_000 }

const hostIn = (folder: string) => openTestHost(folder, { adapters })

async function shrink(host: TestHost, request: object) {
  const plan = await host.plan('shrink', request)
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
  const accepted = plan.warnings.map(({ id }) => id)
  const state = await host.runs.start({ plan, request, accepted }, { stop })
  return { ...state, told: `${state.phase}: ${state.error?.message ?? 'done'}` }
}

async function refusalOf(host: TestHost, request: object): Promise<readonly string[]> {
  const plan = await host.plan('shrink', request)
  return plan.kind === 'refusal' ? plan.problems.map(({ id }) => id) : [plan.kind]
}

/** The table of a disk without what its size decides. */
async function tableOf(raw: string): Promise<object> {
  const { partitiontable } = JSON.parse(await runToolOk('sfdisk', ['--json', raw])) as {
    partitiontable: { lastlba?: number; device: string; partitions: { node: string; size: number }[] }
  }
  const { lastlba: _last, device, partitions, ...rest } = partitiontable
  return {
    ...rest,
    partitions: partitions.map(({ node, size, ...one }, at) => ({
      ...one,
      node: node.slice(device.length),
      ...(at < partitions.length - 1 && { size }),
    })),
  }
}

/** The last partition of both disks, which a shrunk one has up to `end`. */
const rootTo = (end: number | null) => ({
  start: rootAt * mib,
  size: end === null ? null : end - rootAt * mib,
})

/** The original that lies in quarantine beside the image. */
async function keptOf(image: string): Promise<readonly string[]> {
  const found = await readdir(dirname(image), { recursive: true, withFileTypes: true })
  return found
    .filter((entry) => entry.isFile() && entry.name === basename(image))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path !== image)
}

async function libIn(place: TempPlace): Promise<string> {
  await mkdir(place.file('lib'))
  return place.file('lib')
}

/** Whether this kernel mounts it, or a program does. */
async function canMount(type: string): Promise<boolean> {
  if (type === 'ntfs') return existsSync('/dev/fuse') && requires('ntfs-3g')
  if ((await readFile('/proc/filesystems', 'utf8')).split(/\s+/u).includes(type)) return true
  process.stderr.write(`skipped: this kernel does not mount ${type}\n`)
  return false
}

const tools = ['qemu-img', 'sgdisk', 'resize2fs', 'dumpe2fs', 'unshare', 'setpriv', 'tar']

describe.skipIf(!canUseLoop() || !requires(...tools))('shrink', () => {
  test.each(['raw', 'qcow2', 'vhdx', 'vmdk'])(
    '%s with a GPT and ext4: to a size; boot partitions, names and UUIDs stay, the files are the same',
    slow,
    async (format) => {
      await using place = await tempPlace()
      const made = await guestDisk(place.file('made.raw'), 128)
      await putExt4(made, { from: await manyFiles(place.file('from')), start: rootAt, size: 115 })
      const [table, files] = [await tableOf(made), await onLoop(made, rootTo(null), filesOf)]
      const image = join(await libIn(place), `it's "a"\n$(disk).${format}`)
      await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, made, image])
      const before = await digestOf(image)
      await using host = hostIn(place.path)
      const state = await shrink(host, { image, to: 64 * mib, allContents: true })
      expect(state.told).toBe('succeeded: done')
      const after = place.file('after.raw')
      await runToolOk('qemu-img', ['convert', '-f', format, '-O', 'raw', image, after])
      expect((await stat(after)).size).toBe(64 * mib)
      expect(await runToolOk('sgdisk', ['--verify', after])).toContain('No problems found')
      expect(await tableOf(after)).toEqual(table)
      await onLoop(after, rootTo(63 * mib), async (device) => {
        expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
        expect(await filesOf(device)).toBe(files)
        expect(await runToolOk('dumpe2fs', ['-h', device])).toMatch(/Block count:\s+52224\n/u)
      })
      expect(await Promise.all((await keptOf(image)).map(digestOf))).toEqual([before])
      await nothingIsLeft(image, place.path)
      expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
      expect(await digestOf(image)).toBe(before)
    },
  )

  test('an MBR with ext4: as far as it goes, with slack; the boot flag stays', slow, async () => {
    await using place = await tempPlace()
    const image = await bootDisk(join(await libIn(place), 'a.raw'), 256)
    await putExt4(image, { from: await manyFiles(place.file('from')), start: rootAt, size: 256 - rootAt })
    const [table, files] = [await tableOf(image), await onLoop(image, rootTo(null), filesOf)]
    await using host = hostIn(place.path)
    const state = await shrink(host, { image, to: null })
    expect(state.told).toBe('succeeded: done')
    const { size } = await stat(image)
    const asked = state.steps.find(({ step }) => step.id === 'minimum')
    const { minimum } = measureMinimum.outcome.parse(asked && outcomeOf(asked))
    expect(size).toBeLessThan(128 * mib)
    expect(size - rootAt * mib).toBeGreaterThanOrEqual(minimum + 16 * mib)
    expect(await tableOf(image)).toEqual(table)
    expect(table).toMatchObject({ partitions: [{ bootable: true }, {}] })
    await onLoop(image, rootTo(null), async (device) => {
      expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
      expect(await filesOf(device)).toBe(files)
    })
    await nothingIsLeft(image, place.path)
    // What could become no smaller stays as it is.
    expect((await shrink(host, { image, to: null })).told).toBe('succeeded: done')
    expect((await stat(image)).size).toBeLessThanOrEqual(size)
  })

  test('ext4 in a logical partition: the extended one ends with it', slow, async () => {
    await using place = await tempPlace()
    const table =
      'label: dos\nstart=2048, size=18432\nstart=20480, size=110592, type=5\nstart=22528, size=108544'
    const image = await blankDisk({ path: join(await libIn(place), 'a.raw'), size: 64, table })
    await putExt4(image, { from: await manyFiles(place.file('from')), start: 11, size: 53 })
    await using host = hostIn(place.path)
    expect((await shrink(host, { image, to: 40 * mib })).told).toBe('succeeded: done')
    expect((await stat(image)).size).toBe(40 * mib)
    expect((await runTool('sfdisk', ['--verify', image])).exitCode).toBe(0)
    await onLoop(image, { start: 11 * mib, size: null }, async (device) => {
      expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
    })
  })

  test('ext4 on the whole disk', slow, async () => {
    await using place = await tempPlace()
    const image = await blankDisk({ path: join(await libIn(place), 'a.raw'), size: 128, table: null })
    await putExt4(image, { from: await manyFiles(place.file('from')), start: 0, size: 128 })
    const files = await onLoop(image, { start: 0, size: null }, filesOf)
    await using host = hostIn(place.path)
    expect((await shrink(host, { image, to: 48 * mib })).told).toBe('succeeded: done')
    expect((await stat(image)).size).toBe(48 * mib)
    await onLoop(image, { start: 0, size: null }, async (device) => {
      expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
      expect(await filesOf(device)).toBe(files)
    })
    await nothingIsLeft(image, place.path)
  })

  test.each([
    [
      'ntfs',
      128,
      ['mkfs.ntfs', '-q', '-F', '-Q', '-p', '0', '-H', '1', '-S', '1'],
      ['ntfsfix', '--no-action'],
    ],
    ['btrfs', 1024, ['mkfs.btrfs', '-q'], ['btrfs', 'check', '--readonly']],
  ] as const)(
    'a GPT with %s: as far as it goes',
    slow,
    async (type, size, [make, ...makeArgs], [check, ...checkArgs]) => {
      if (!requires(make, check) || !(await canMount(type))) return
      await using place = await tempPlace()
      const from = await manyFiles(place.file('from'))
      const image = await guestDisk(join(await libIn(place), 'a.raw'), size)
      const listing = 'find . -type f -exec sha256sum {} + | sort'
      const before = await onLoop(image, rootTo((size - 1) * mib), async (device) => {
        await runToolOk(make, [...makeArgs, device])
        await inMounted(device, 'rw', `cp -r '${from}/.' . && sync && cd / && umount /mnt`)
        return await inMounted(device, 'ro', `${listing} && cd / && umount /mnt`)
      })
      const table = await tableOf(image)
      await using host = hostIn(place.path)
      expect((await shrink(host, { image, to: null, allContents: true })).told).toBe('succeeded: done')
      const after = (await stat(image)).size
      expect(after).toBeLessThan((size * mib * 3) / 4)
      expect(await runToolOk('sgdisk', ['--verify', image])).toContain('No problems found')
      expect(await tableOf(image)).toEqual(table)
      await onLoop(image, rootTo(after - mib), async (device) => {
        expect((await runTool(check, [...checkArgs, device])).exitCode).toBe(0)
        expect(await inMounted(device, 'ro', `${listing} && cd / && umount /mnt`)).toBe(before)
      })
      await nothingIsLeft(image, place.path)
    },
  )

  test('swap keeps its UUID and label', slow, async () => {
    await using place = await tempPlace()
    const image = await bootDisk(join(await libIn(place), 'a.raw'), 128)
    const uuid = '5fa21a55-f394-4a4d-9958-1951a67d5540'
    await onLoop(image, rootTo(null), async (device) =>
      runToolOk('mkswap', ['-q', '-L', 'its swap', '-U', uuid, device]),
    )
    await using host = hostIn(place.path)
    expect(await refusalOf(host, { image, to: null })).toEqual(['swap-needs-size'])
    expect((await shrink(host, { image, to: 64 * mib })).told).toBe('succeeded: done')
    await onLoop(image, rootTo(null), async (device) => {
      const said = await runToolOk('blkid', ['-p', '-o', 'export', device])
      expect(said).toContain(`UUID=${uuid}`)
      expect(said).toContain('LABEL=its\\ swap')
    })
    await nothingIsLeft(image, place.path)
  })

  test(
    'a filesystem with no room in the disk that is wanted says so, and nothing is left',
    slow,
    async () => {
      await using place = await tempPlace()
      const image = await guestDisk(join(await libIn(place), 'a.raw'), 128)
      await putExt4(image, { from: await manyFiles(place.file('from')), start: rootAt, size: 115 })
      const before = await digestOf(image)
      await using host = hostIn(place.path)
      expect(await refusalOf(host, { image, to: (rootAt + 1) * mib })).toEqual(['too-small'])
      const state = await shrink(host, { image, to: (rootAt + 4) * mib })
      expect(state).toMatchObject({
        phase: 'failed',
        error: {
          code: 'refused',
          details: { finding: 'too-small' },
          remedy: expect.stringContaining('--min') as string,
        },
        undoFailures: [],
      })
      expect(await digestOf(image)).toBe(before)
      await nothingIsLeft(image, place.path)
    },
  )

  test('a dirty filesystem and XFS are refused', slow, async () => {
    await using place = await tempPlace()
    await using host = hostIn(place.path)
    const image = await blankDisk({ path: place.file('a.raw'), size: 64, table: null })
    await putExt4(image, { from: await manyFiles(place.file('from')), start: 0, size: 64 })
    await runToolOk('debugfs', ['-w', '-R', 'ssv state 0', image])
    expect(await refusalOf(host, { image, to: 48 * mib })).toEqual(['filesystem-dirty'])
    if (!requires('mkfs.xfs')) return
    const xfs = await blankDisk({ path: place.file('x.raw'), size: 400, table: null })
    await runToolOk('mkfs.xfs', ['-q', xfs])
    expect(await refusalOf(host, { image: xfs, to: 350 * mib })).toEqual(['filesystem-not-shrunk'])
  })
})
