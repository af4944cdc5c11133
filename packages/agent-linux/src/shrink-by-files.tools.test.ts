import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { adapters } from './testing/adapters.ts'
import { blankDisk, inMounted, onLoop } from './testing/guest-disks.ts'
import { canUseLoop } from './testing/loop-devices.ts'
import { kindsOf, putManyKinds } from './testing/many-kinds.ts'
import { canUseXfs, madeAs, makeRoot, type Kind } from './testing/made-roots.ts'
import { digestOf, nothingIsLeft } from './testing/what-is-left.ts'

const mib = 1024 ** 2
const stop = new AbortController().signal
const slow = { timeout: 600_000 }
/** MiB at which the last partition begins. */
const rootAt = 24

const hostIn = (folder: string) => openTestHost(folder, { adapters })

async function shrink(host: TestHost, request: object) {
  const asked = { byFiles: true, ...request }
  const plan = await host.plan('shrink', asked)
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
  const accepted = plan.warnings.map(({ id }) => id)
  const state = await host.runs.start({ plan, request: asked, accepted }, { stop })
  return { ...state, told: `${state.phase}: ${state.error?.message ?? 'done'}`, accepted }
}

async function refusalOf(host: TestHost, request: object): Promise<readonly string[]> {
  const plan = await host.plan('shrink', { byFiles: true, ...request })
  return plan.kind === 'refusal' ? plan.problems.map(({ id }) => id) : [plan.kind]
}

async function libIn(place: TempPlace): Promise<string> {
  await mkdir(place.file('lib'))
  return place.file('lib')
}

/** A GPT with what a guest starts from, swap, and a root with files of every kind. */
async function guestDisk(path: string, kind: Kind, size: number): Promise<string> {
  const table = [
    'label: gpt',
    'label-id: 33333333-3333-4333-8333-3333333333AA',
    'first-lba: 34',
    'start=34, size=2014, type=21686148-6449-6E6F-744E-656564454649, name="bios"',
    'start=2048, size=22528, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="ESP", attrs="RequiredPartition"',
    'start=24576, size=24576, type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F, name="swap"',
    `start=${rootAt * 2048}, size=${(size - rootAt - 1) * 2048}, name="root", uuid=44444444-4444-4444-8444-4444444444BB`,
  ]
  await blankDisk({ path, size, table: table.join('\n') })
  // What is before the first partition and in it is a loader's.
  await runToolOk('sh', [
    '-c',
    'head -c 440 /dev/urandom | dd of="$1" conv=notrunc status=none && head -c 1031168 /dev/urandom | dd of="$1" bs=512 seek=34 conv=notrunc status=none',
    'sh',
    path,
  ])
  await onLoop(path, { start: mib, size: 11 * mib }, async (device) =>
    runToolOk('mkfs.fat', ['-i', 'ABCD1234', device]),
  )
  await onLoop(path, { start: 12 * mib, size: 12 * mib }, async (device) => runToolOk('mkswap', [device]))
  await onLoop(path, rootOf(size), async (device) => {
    await makeRoot(device, kind)
    await putManyKinds(device, kind)
  })
  return path
}

const rootOf = (size: number) => ({ start: rootAt * mib, size: (size - rootAt - 1) * mib })

const tools = [
  'qemu-img',
  'sgdisk',
  'mke2fs',
  'dumpe2fs',
  'mkfs.fat',
  'mkswap',
  'unshare',
  'tar',
  'find',
  'cp',
]

const hasXfs = await canUseXfs()

describe.skipIf(!canUseLoop() || !requires(...tools))('shrink by files', () => {
  test.each<[Kind, string, number, number]>([
    ['ext4', 'raw', 256, 64],
    ['ext4', 'qcow2', 256, 64],
    ...(hasXfs ? [['xfs', 'qcow2', 512, 400] as [Kind, string, number, number]] : []),
  ])(
    '%s in %s: its files, and all that is known of them, are the same in a new filesystem like the old one',
    slow,
    async (kind, format, size, to) => {
      await using place = await tempPlace()
      const made = await guestDisk(place.file('made.raw'), kind, size)
      const [files, like] = await onLoop(made, rootOf(size), async (device) => [
        await kindsOf(device, kind),
        await madeAs(device, kind),
      ])
      expect(files).toContain('sparse 16\nzeros 512')
      expect(files).toMatch(/^-+i-+ .*immutabl$/mu)
      const image = join(await libIn(place), `it's "a"\n$(disk).${format}`)
      await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, made, image])
      const before = await digestOf(image)
      await using host = hostIn(place.path)
      const state = await shrink(host, { image, to: to * mib })
      expect(state.told).toBe('succeeded: done')
      expect(state.accepted).toEqual(['by-files-not-kept'])
      const after = place.file('after.raw')
      await runToolOk('qemu-img', ['convert', '-f', format, '-O', 'raw', image, after])
      expect((await stat(after)).size).toBe(to * mib)
      expect(await runToolOk('sgdisk', ['--verify', after])).toContain('No problems found')
      const [old, now] = [await readFile(made), await readFile(after)]
      // The loader and all other partitions, but what the GPT says of its end.
      expect(now.subarray(0, 440).equals(old.subarray(0, 440))).toBe(true)
      expect(now.subarray(34 * 512, rootAt * mib).equals(old.subarray(34 * 512, rootAt * mib))).toBe(true)
      const tableOf = async (path: string) =>
        (await runToolOk('sfdisk', ['--dump', path]))
          .split('\n')
          .filter((line) => /^(?:label|first|.*start=)/u.test(line))
          .map((line) => line.slice(line.lastIndexOf('.raw') + 4).replace(/(4 : .*)size= *\d+/u, '$1'))
      expect(await tableOf(after)).toEqual(await tableOf(made))
      await onLoop(after, rootOf(to), async (device) => {
        const check = kind === 'xfs' ? (['xfs_repair', '-n'] as const) : (['e2fsck', '-f', '-n'] as const)
        expect((await runTool(check[0], [...check.slice(1), device])).exitCode).toBe(0)
        expect(await madeAs(device, kind)).toBe(like)
        expect(await kindsOf(device, kind)).toBe(files)
      })
      await nothingIsLeft(image, place.path)
      expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
      expect(await digestOf(image)).toBe(before)
      await nothingIsLeft(image, place.path)
    },
  )

  test('as small as its files allow, with slack: on the whole disk', slow, async () => {
    await using place = await tempPlace()
    const image = await blankDisk({ path: join(await libIn(place), 'a.raw'), size: 512, table: null })
    const files = await onLoop(image, { start: 0, size: null }, async (device) => {
      await makeRoot(device, 'ext4')
      await putManyKinds(device, 'ext4')
      return await kindsOf(device, 'ext4')
    })
    await using host = hostIn(place.path)
    expect((await shrink(host, { image, to: null })).told).toBe('succeeded: done')
    const { size } = await stat(image)
    expect(size).toBeLessThan(128 * mib)
    await onLoop(image, { start: 0, size: null }, async (device) => {
      expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
      expect(await kindsOf(device, 'ext4')).toBe(files)
      // Room for who starts it.
      const free = await inMounted(device, 'rw', 'df --output=avail -B1M . | tail -1; cd /; umount /mnt')
      expect(Number(free)).toBeGreaterThan(24)
    })
    await nothingIsLeft(image, place.path)
  })

  test.each(['gpt', 'dos'])(
    'a %s with others behind: they follow it, with their bytes, numbers and names',
    slow,
    async (label) => {
      await using place = await tempPlace()
      const names =
        label === 'gpt' ? ['name="root"', 'name="swap"', 'name="fat"'] : ['bootable', 'type=82', 'type=c']
      const table = [
        `label: ${label}`,
        `start=${mib / 512}, size=${(160 * mib) / 512}, ${names[0]}`,
        `start=${(162 * mib) / 512}, size=${(16 * mib) / 512}, ${names[1]}`,
        `start=${(178 * mib) / 512}, size=${(20 * mib) / 512}, ${names[2]}`,
      ]
      const image = await blankDisk({
        path: join(await libIn(place), 'a.raw'),
        size: 200,
        table: table.join('\n'),
      })
      const files = await onLoop(image, { start: mib, size: 160 * mib }, async (device) => {
        await makeRoot(device, 'ext4')
        await putManyKinds(device, 'ext4')
        return await kindsOf(device, 'ext4')
      })
      await onLoop(image, { start: 162 * mib, size: 16 * mib }, async (device) =>
        runToolOk('mkswap', ['-L', 'sw', device]),
      )
      await onLoop(image, { start: 178 * mib, size: 20 * mib }, async (device) =>
        runToolOk('mkfs.fat', ['-h', String((178 * mib) / 512), device]),
      )
      const old = await readFile(image)
      await using host = hostIn(place.path)
      expect((await shrink(host, { image, to: 128 * mib })).told).toBe('succeeded: done')
      const now = await readFile(image)
      expect(now.length).toBe(128 * mib)
      // A GPT ends with its second copy.
      const end = label === 'gpt' ? 127 : 128
      const [swapAt, fatAt] = [(end - 36) * mib, (end - 20) * mib]
      expect(now.subarray(swapAt, fatAt).equals(old.subarray(162 * mib, 178 * mib))).toBe(true)
      // It says where it begins, and its first sectors have copies of that.
      expect(now.readUInt32LE(fatAt + 28)).toBe(fatAt / 512)
      expect(
        now.subarray(fatAt + 512 * 16, end * mib).equals(old.subarray(178 * mib + 512 * 16, 198 * mib)),
      ).toBe(true)
      const said = await runToolOk('sfdisk', ['--dump', image])
      expect(said.match(/start= *\d+, size= *\d+/gu)?.map((one) => one.replaceAll(' ', ''))).toEqual([
        `start=2048,size=${((end - 37) * mib) / 512}`,
        `start=${swapAt / 512},size=${(16 * mib) / 512}`,
        `start=${fatAt / 512},size=${(20 * mib) / 512}`,
      ])
      for (const name of names.slice(0, 2)) expect(said).toContain(name)
      await onLoop(image, { start: mib, size: (end - 37) * mib }, async (device) => {
        expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
        expect(await kindsOf(device, 'ext4')).toBe(files)
      })
      await nothingIsLeft(image, place.path)
    },
  )

  test.skipIf(!hasXfs)('files that do not fit after all end the run, and nothing is left', slow, async () => {
    await using place = await tempPlace()
    const image = await blankDisk({ path: join(await libIn(place), 'a.raw'), size: 512, table: null })
    await onLoop(image, { start: 0, size: null }, async (device) => {
      await runToolOk('mkfs.xfs', ['-q', device])
      // What files share is in use once, and becomes copies.
      const share = 'head -c 120M /dev/urandom >one && for n in 2 3 4; do cp --reflink=always one $n; done'
      await inMounted(device, 'rw', `${share} && cd / && umount /mnt`)
    })
    const before = await digestOf(image)
    await using host = hostIn(place.path)
    expect(await refusalOf(host, { image, to: 120 * mib })).toEqual(['too-small'])
    const state = await shrink(host, { image, to: 400 * mib })
    expect(state).toMatchObject({
      phase: 'failed',
      error: { code: 'refused', details: { finding: 'too-small' } },
      undoFailures: [],
    })
    expect(await digestOf(image)).toBe(before)
    await nothingIsLeft(image, place.path)
  })

  test('a folder that lies deeper than cp can copy ends the run with a reason', slow, async () => {
    await using place = await tempPlace()
    const image = await blankDisk({ path: join(await libIn(place), 'a.raw'), size: 64, table: null })
    await onLoop(image, { start: 0, size: null }, async (device) => {
      await runToolOk('mkfs.ext4', ['-q', device])
      const deep = 'n=$(printf %0200d 7); for i in $(seq 30); do mkdir $n; cd $n; done; echo words >file'
      await inMounted(device, 'rw', `${deep}; cd / && umount /mnt`)
    })
    const before = await digestOf(image)
    await using host = hostIn(place.path)
    expect(await shrink(host, { image, to: 48 * mib })).toMatchObject({
      phase: 'failed',
      error: { code: 'refused', details: { finding: 'path-too-long' } },
      undoFailures: [],
    })
    expect(await digestOf(image)).toBe(before)
    await nothingIsLeft(image, place.path)
  })

  test('a loader in the boot sector, LVM, a dirty filesystem and others', slow, async () => {
    await using place = await tempPlace()
    await using host = hostIn(place.path)
    const image = await blankDisk({
      path: place.file('a.raw'),
      size: 64,
      table: 'label: dos\nstart=2048, bootable',
    })
    await onLoop(image, { start: mib, size: null }, async (device) => {
      await makeRoot(device, 'ext4')
      await runToolOk('sh', [
        '-c',
        'printf "\\353\\130\\220EXTLINUX" | dd of="$1" conv=notrunc status=none',
        'sh',
        device,
      ])
    })
    const plan = await host.plan('shrink', { image, to: 48 * mib, byFiles: true })
    expect(plan.kind === 'plan' && plan.warnings).toMatchObject([
      { id: 'by-files-not-kept', severity: 'info' },
      { id: 'bios-start-lost', severity: 'warn', message: expect.stringContaining('EXTLINUX') as string },
    ])
    await onLoop(image, { start: mib, size: null }, async (device) =>
      runToolOk('debugfs', ['-w', '-R', 'ssv state 0', device]),
    )
    expect(await refusalOf(host, { image, to: 48 * mib })).toEqual(['filesystem-dirty'])
    await onLoop(image, { start: mib, size: null }, async (device) => runToolOk('mkfs.fat', [device]))
    expect(await refusalOf(host, { image, to: 48 * mib })).toEqual(['filesystem-not-by-files'])
  })
})
