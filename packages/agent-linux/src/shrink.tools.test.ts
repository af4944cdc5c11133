import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { walkKills } from '@varve/agent/testing/walk-kills'
import { attachedNow } from '@varve/engine/attached/attached-now'
import { kernelRoots } from '@varve/engine/in-use/attached-device'
import { measureMinimum } from '@varve/operations/actions/measure-minimum'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { adapters } from './testing/adapters.ts'
import { canUseLoop, loopsOf } from './testing/loop-devices.ts'
import {
  blank,
  bootDisk,
  btrfsFrom,
  ext4From,
  guestDisk,
  ntfsFrom,
  partOf,
  rootStart,
  type MakeFilesystem,
} from './testing/shrunk-disks.ts'

const mib = 1024 ** 2
const stop = new AbortController().signal
const url = pathToFileURL(join(import.meta.dirname, 'testing/adapters.ts')).href
/** Many processes, one after the other. */
const walkTime = 1_800_000
const longTime = 300_000

const hostIn = (folder: string) => openTestHost(folder, { adapters })

async function run(host: TestHost, request: object) {
  const plan = await host.plan('shrink', request)
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
  const accepted = plan.warnings.map(({ id }) => id)
  const state = await host.runs.start({ plan, request, accepted }, { stop })
  if (state.phase !== 'succeeded') throw new Error(state.error?.message ?? state.phase)
  return state
}

async function refusalOf(host: TestHost, request: object): Promise<readonly string[]> {
  const plan = await host.plan('shrink', request)
  return plan.kind === 'refusal' ? plan.problems.map(({ id }) => id) : [plan.kind]
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

/** A folder of files, one of them far behind in a filesystem that is filled in order. */
async function filesIn(place: TempPlace): Promise<string> {
  const from = place.file('from')
  await mkdir(join(from, 'a folder/deeper'), { recursive: true })
  await writeFile(join(from, 'words'), 'some words\n')
  await writeFile(join(from, `a folder/it's "a"`), 'x'.repeat(3 * mib))
  for (let n = 0; n < 40; n += 1)
    await writeFile(join(from, 'a folder/deeper', `${n}`), createHash('sha512').update(`${n}`).digest())
  return from
}

/** The table of a disk without what its size decides. */
async function tableOf(raw: string): Promise<object> {
  const { partitiontable } = JSON.parse(await runToolOk('sfdisk', ['--json', raw])) as {
    partitiontable: { lastlba?: number; device: string; partitions: { node: string; size: number }[] }
  }
  const { lastlba: _last, device, partitions, ...rest } = partitiontable
  const last = partitions.length - 1
  return {
    ...rest,
    partitions: partitions.map(({ node, size, ...one }, at) => ({
      ...one,
      node: node.slice(device.length),
      ...(at < last && { size }),
    })),
  }
}

/** All files of a raw disk's filesystem, as the kernel or ntfs-3g sees them. */
async function filesOf(raw: string, start: number, type = 'ext4'): Promise<string> {
  const mount =
    type === 'ntfs'
      ? `dd if="$1" of="$2" bs=1M skip=${start / mib} conv=sparse status=none; ntfs-3g -o ro "$2" /mnt; rm "$2"`
      : `mount -t ${type} -o ro,loop,offset=${start} "$1" /mnt`
  const script = `${mount}; (cd /mnt && find . -path ./lost+found -prune -o -type f -exec sha256sum {} + | sort); umount /mnt`
  const namespaces = ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh']
  return await runToolOk('unshare', [...namespaces, raw, `${raw}.part-of-it`])
}

async function toRaw(path: string, format: string, place: TempPlace): Promise<string> {
  if (format === 'raw') return path
  const raw = place.file('seen.raw')
  await runToolOk('qemu-img', ['convert', '-f', format, '-O', 'raw', path, raw])
  return raw
}

/** Nothing of the work is left: no device, no note, no hidden file. */
async function nothingIsLeft(folder: string, image: string): Promise<void> {
  const names = await readdir(dirname(image))
  expect(names.filter((name) => name.endsWith('.part'))).toEqual([])
  expect(await attachedNow({ folder: join(folder, 'run/attached'), roots: kernelRoots })).toEqual([])
  for (const name of names) expect(await loopsOf(join(dirname(image), name))).toEqual([])
}

/** The original that lies in quarantine beside the image. */
async function keptOf(image: string): Promise<readonly string[]> {
  const found = await readdir(dirname(image), { recursive: true, withFileTypes: true })
  return found
    .filter((entry) => entry.isFile() && entry.name === image.slice(dirname(image).length + 1))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path !== image)
}

/** Whether the kernel of this host mounts it; why not is printed. */
async function mayMount(type: string): Promise<boolean> {
  const known = await readFile('/proc/filesystems', 'utf8')
  if (type === 'ntfs' ? existsSync('/dev/fuse') : known.split(/\s+/u).includes(type)) return true
  process.stderr.write(`skipped: this kernel does not mount ${type}\n`)
  return false
}

const formats: readonly (readonly [format: string, name: string, options: readonly string[]])[] = [
  ['raw', `it's "a"\n$(disk).raw`, []],
  ['qcow2', 'a.qcow2', []],
  ['vhdx', 'a.vhdx', []],
  ['vmdk', 'a.vmdk', []],
]

describe.skipIf(
  !canUseLoop() || !requires('qemu-img', 'sgdisk', 'resize2fs', 'e2fsck', 'mkfs.fat', 'unshare'),
)('shrink', () => {
  test.each(formats)(
    'ext4 in a GPT as %s: to a size',
    { timeout: longTime },
    async (format, name, options) => {
      await using place = await tempPlace()
      const made = place.file('made.raw')
      await guestDisk(made, 128 * mib, ext4From(await filesIn(place)))
      const [table, files] = [await tableOf(made), await filesOf(made, rootStart)]
      await mkdir(place.file('lib'))
      const image = place.file(`lib/${name}`)
      await (format === 'raw'
        ? copyFile(made, image)
        : runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, ...options, made, image]))
      const before = await digestOf(image)
      await using host = hostIn(place.path)
      await run(host, { image, to: 64 * mib, allContents: true })
      if (format !== 'raw' && format !== 'vmdk')
        await runToolOk('qemu-img', ['check', '-q', '-f', format, image])
      const raw = await toRaw(image, format, place)
      expect((await stat(raw)).size).toBe(64 * mib)
      expect(await runToolOk('sgdisk', ['--verify', raw])).toContain('No problems found')
      expect(await tableOf(raw)).toEqual(table)
      expect(await filesOf(raw, rootStart)).toBe(files)
      await partOf(raw, { start: rootStart, end: 63 * mib }, place.file('root'))
      await runToolOk('e2fsck', ['-fn', place.file('root')])
      expect(await runToolOk('dumpe2fs', ['-h', place.file('root')])).toMatch(
        new RegExp(`Block count:\\s+${51 * 1024}\\n`, 'u'),
      )
      const kept = await keptOf(image)
      expect(await Promise.all(kept.map(digestOf))).toEqual([before])
      await nothingIsLeft(place.path, image)
    },
  )

  test(
    'ext4 in an MBR: as far as it goes, with slack; the boot flag stays',
    { timeout: longTime },
    async () => {
      await using place = await tempPlace()
      await mkdir(place.file('lib'))
      const image = place.file('lib/a.raw')
      await bootDisk(image, 256 * mib, ext4From(await filesIn(place)))
      const [table, files] = [await tableOf(image), await filesOf(image, rootStart)]
      await using host = hostIn(place.path)
      const state = await run(host, { image, to: null })
      const size = (await stat(image)).size
      const told = state.steps.find(({ step }) => step.id === 'minimum')?.attempts.at(-1)?.outcome
      const { minimum } = measureMinimum.outcome.parse(told)
      expect(size).toBeLessThan(128 * mib)
      expect(size - rootStart).toBeGreaterThanOrEqual(minimum + 16 * mib)
      expect(await tableOf(image)).toEqual(table)
      expect(table).toMatchObject({ partitions: [{ bootable: true }, {}] })
      expect(await filesOf(image, rootStart)).toBe(files)
      await partOf(image, { start: rootStart, end: size }, place.file('root'))
      await runToolOk('e2fsck', ['-fn', place.file('root')])
      await nothingIsLeft(place.path, image)
    },
  )

  test('ext4 on the whole disk', { timeout: longTime }, async () => {
    await using place = await tempPlace()
    await mkdir(place.file('lib'))
    const image = place.file('lib/a.raw')
    await blank(image, 128 * mib)
    await ext4From(await filesIn(place))(image)
    const files = await filesOf(image, 0)
    await using host = hostIn(place.path)
    await run(host, { image, to: 48 * mib })
    expect((await stat(image)).size).toBe(48 * mib)
    expect(await filesOf(image, 0)).toBe(files)
    await runToolOk('e2fsck', ['-fn', image])
    await nothingIsLeft(place.path, image)
  })

  const others: readonly (readonly [
    type: string,
    tools: readonly string[],
    size: number,
    make: (from: string) => MakeFilesystem,
  ])[] = [
    ['ntfs', ['mkfs.ntfs', 'ntfsresize', 'ntfs-3g', 'ntfsfix'], 128, ntfsFrom],
    ['btrfs', ['mkfs.btrfs', 'btrfs'], 1024, btrfsFrom],
  ]
  test.each(others)(
    '%s in a GPT: as far as it goes',
    { timeout: longTime },
    async (type, tools, size, make) => {
      if (!requires(...tools) || !(await mayMount(type))) return
      await using place = await tempPlace()
      await mkdir(place.file('lib'))
      const image = place.file('lib/a.raw')
      await guestDisk(image, size * mib, make(await filesIn(place)))
      const [table, files] = [await tableOf(image), await filesOf(image, rootStart, type)]
      await using host = hostIn(place.path)
      await run(host, { image, to: null, allContents: true })
      const after = (await stat(image)).size
      expect(after).toBeLessThan((size * mib * 3) / 4)
      expect(await runToolOk('sgdisk', ['--verify', image])).toContain('No problems found')
      expect(await tableOf(image)).toEqual(table)
      expect(await filesOf(image, rootStart, type)).toBe(files)
      const root = place.file('root')
      await partOf(image, { start: rootStart, end: after - mib }, root)
      if (type === 'btrfs') await runToolOk('btrfs', ['check', '--readonly', root])
      else expect((await runTool('ntfsfix', ['--no-action', root])).exitCode).toBe(0)
      await nothingIsLeft(place.path, image)
    },
  )

  test('swap behind keeps its UUID and label', { timeout: longTime }, async () => {
    if (!requires('mkswap', 'swaplabel')) return
    await using place = await tempPlace()
    await mkdir(place.file('lib'))
    const image = place.file('lib/a.raw')
    const uuid = '5fa21a55-f394-4a4d-9958-1951a67d5540'
    await bootDisk(image, 128 * mib, async (path) =>
      runToolOk('mkswap', ['-q', '-L', 'sw', '-U', uuid, path]),
    )
    await using host = hostIn(place.path)
    expect(await refusalOf(host, { image, to: null })).toContain('swap-needs-size')
    await run(host, { image, to: 64 * mib })
    await partOf(image, { start: rootStart, end: 64 * mib }, place.file('swap'))
    expect(await runToolOk('swaplabel', [place.file('swap')])).toBe(`LABEL: sw\nUUID:  ${uuid}`)
    await nothingIsLeft(place.path, image)
  })

  test(
    'a disk that is too small for its files is refused by the filesystem, and nothing is left',
    { timeout: longTime },
    async () => {
      await using place = await tempPlace()
      await mkdir(place.file('lib'))
      const image = place.file('lib/a.raw')
      await guestDisk(image, 128 * mib, ext4From(await filesIn(place)))
      const before = await digestOf(image)
      await using host = hostIn(place.path)
      expect(await refusalOf(host, { image, to: 13 * mib })).toContain('too-small')
      await expect(run(host, { image, to: rootStart + 4 * mib })).rejects.toThrow(/needs .* at least/u)
      expect(await digestOf(image)).toBe(before)
      await nothingIsLeft(place.path, image)
    },
  )

  test('dirty ext4 and XFS are refused with the way out', { timeout: longTime }, async () => {
    await using place = await tempPlace()
    await using host = hostIn(place.path)
    const image = place.file('a.raw')
    await blank(image, 64 * mib)
    await ext4From(await filesIn(place))(image)
    await runToolOk('debugfs', ['-w', '-R', 'ssv state 2', image])
    expect(await refusalOf(host, { image, to: 48 * mib })).toEqual(['filesystem-dirty'])
    if (!requires('mkfs.xfs')) return
    const xfs = place.file('x.raw')
    await blank(xfs, 400 * mib)
    await runToolOk('mkfs.xfs', ['-q', xfs])
    expect(await refusalOf(host, { image: xfs, to: 350 * mib })).toEqual(['filesystem-not-shrunk'])
    expect(existsSync(xfs)).toBe(true)
  })

  test(
    'killed at every entry of its journal: the original or the result is there, and nothing is attached at its end',
    { timeout: walkTime },
    async () => {
      await using place = await tempPlace()
      const made = place.file('made.raw')
      await guestDisk(made, 48 * mib, ext4From(await filesIn(place)))
      await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', made, place.file('made.qcow2')])
      const before = await digestOf(place.file('made.qcow2'))
      const files = await filesOf(made, rootStart)
      const image = (folder: string) => join(folder, 'lib/a.qcow2')
      const sizeOf = async (folder: string) => {
        const { 'virtual-size': size } = JSON.parse(
          await runToolOk('qemu-img', ['info', '--output=json', image(folder)]),
        ) as { readonly 'virtual-size': number }
        return size
      }
      const walked = await walkKills({
        operation: 'shrink',
        system: { adapters, url },
        async prepare(folder) {
          await mkdir(join(folder, 'lib'))
          await copyFile(place.file('made.qcow2'), image(folder))
          return { image: image(folder), to: 40 * mib }
        },
        async atAnyTime(folder) {
          if ((await sizeOf(folder)) === 48 * mib) expect(await digestOf(image(folder))).toBe(before)
          else expect(await sizeOf(folder)).toBe(40 * mib)
        },
        async whenDone(folder) {
          expect(await sizeOf(folder)).toBe(40 * mib)
          const raw = join(folder, 'seen.raw')
          await runToolOk('qemu-img', ['convert', '-O', 'raw', image(folder), raw])
          expect(await filesOf(raw, rootStart)).toBe(files)
          await nothingIsLeft(folder, image(folder))
        },
        async whenUndone(folder) {
          expect(await digestOf(image(folder))).toBe(before)
          await nothingIsLeft(folder, image(folder))
        },
      })
      expect(walked.resumed).toBeGreaterThanOrEqual(20)
      expect(walked.undone).toBeGreaterThanOrEqual(18)
    },
  )
})
