import { copyFile, mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performAction } from '@varve/agent/actions/perform'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { adapters } from './testing/adapters.ts'
import { codeOfAction } from './testing/code-of-action.ts'
import { blankDisk, filesOf, inMounted, manyFiles, onLoop, putExt4 } from './testing/guest-disks.ts'
import { canUseLoop } from './testing/loop-devices.ts'
import { digestOf, nothingIsLeft } from './testing/what-is-left.ts'

const stop = new AbortController().signal
const mib = 1024 ** 2
const slow = { timeout: 300_000 }

const hostIn = (folder: string) => openTestHost(folder, { adapters })
async function grow(host: TestHost, request: object) {
  const plan = await host.plan('grow', request)
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
  const accepted = plan.warnings.map(({ id }) => id)
  const state = await host.runs.start({ plan, request, accepted }, { stop })
  return { ...state, told: `${state.phase}: ${state.error?.message ?? 'done'}` }
}

async function refusalOf(host: TestHost, request: object): Promise<string> {
  const plan = await host.plan('grow', request)
  return plan.kind === 'refusal' ? (plan.problems[0]?.id ?? '') : plan.kind
}

interface Listed {
  readonly partitiontable: {
    readonly partitions: readonly { readonly start: number; readonly size: number }[]
  }
}

/** Partitions in bytes, as sfdisk lists them. */
async function partitionsOf(path: string) {
  const { partitiontable } = JSON.parse(await runToolOk('sfdisk', ['--json', path])) as Listed
  return partitiontable.partitions.map(({ start, size }) => ({ start: start * 512, size: size * 512 }))
}

async function tableIsSound(path: string): Promise<void> {
  expect(await runToolOk('sgdisk', ['-v', path])).toContain('No problems found')
  expect((await runTool('sfdisk', ['-V', path])).exitCode).toBe(0)
}

const gpt = 'label: gpt\nstart=2048, size=30720, name=boot\nstart=32768, size=94208, name=root'

/** A GPT with a blank partition and an ext4 that ends with the disk of 64 MiB. */
async function gptDisk(place: TempPlace): Promise<string> {
  const path = await blankDisk({ path: place.file('made.raw'), size: 64, table: gpt })
  await putExt4(path, { from: await manyFiles(place.file('from')), start: 16, size: 46 })
  return path
}

/** That disk as an image in a folder of its own, with what its files and itself are. */
async function imageOf(place: TempPlace, format: string, name: string) {
  const made = await gptDisk(place)
  const files = await onLoop(made, { start: 16 * mib, size: 46 * mib }, filesOf)
  const folder = place.file('lib')
  await mkdir(folder)
  const path = join(folder, name)
  await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, made, path])
  return { folder, path, files, original: await digestOf(path) }
}

describe.skipIf(!canUseLoop() || !requires('sgdisk', 'resize2fs', 'unshare', 'setpriv', 'tar'))(
  'grow',
  () => {
    test.each([
      ['raw', null],
      ['qcow2', null],
      ['vmdk', null],
      ['vhdx', null],
    ])(
      '%s with a GPT and ext4: the partition and the filesystem have the room, the files are the same',
      slow,
      async (format) => {
        await using place = await tempPlace()
        const { path, files: before, original } = await imageOf(place, format, `it's "a"\n.${format}`)
        await using host = hostIn(place.path)
        const state = await grow(host, { image: path, size: 64 * mib, isAdded: true, allContents: true })
        expect(state.told).toBe('succeeded: done')
        await nothingIsLeft(path, place.path)
        const after = place.file('after.raw')
        await runToolOk('qemu-img', ['convert', '-f', format, '-O', 'raw', path, after])
        expect((await stat(after)).size).toBe(128 * mib)
        await tableIsSound(after)
        const root = { start: 16 * mib, size: 111 * mib }
        expect(await partitionsOf(after)).toEqual([{ start: mib, size: 15 * mib }, root])
        await onLoop(after, root, async (device) => {
          expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
          expect(await filesOf(device)).toBe(before)
        })
        const [, size = ''] = /Block count:\s+(\d+)/u.exec(await onLoop(after, root, dumpe2fs)) ?? []
        expect(Number(size) * 1024).toBe(root.size)
        // The original is kept, and comes back by the undo.
        expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
        expect(await digestOf(path)).toBe(original)
        await nothingIsLeft(path, place.path)
      },
    )

    async function dumpe2fs(device: string): Promise<string> {
      return await runToolOk('dumpe2fs', ['-h', device])
    }

    test.each(['work', 'attach', 'digest-before', 'filesystem'])(
      'after a restart of the machine behind step %s it begins anew: nothing of before is relied on',
      slow,
      async (last) => {
        await using place = await tempPlace()
        const { folder, path, files: before, original } = await imageOf(place, 'qcow2', 'a.qcow2')
        await using host = hostIn(place.path)
        const request = { image: path, size: 128 * mib }
        const plan = await host.plan('grow', request)
        if (plan.kind === 'refusal') throw new Error('it was refused')
        const power = new AbortController()
        const accepted = plan.warnings.map(({ id }) => id)
        const cut = await host.runs.start(
          { plan, request, accepted },
          {
            stop: power.signal,
            onChange({ steps }) {
              if (steps.find(({ step }) => step.id === last)?.phase === 'done') power.abort()
            },
          },
        )
        expect(cut.phase).toBe('running')
        expect(await digestOf(path)).toBe(original)
        // What the machine had is gone with it, and what was not on the medium may be anything.
        const names = (await readdir(folder)).filter((name) => name.endsWith('.part'))
        expect(names).toHaveLength(1)
        const work = join(folder, names[0] ?? '')
        const loops = await runToolOk('losetup', ['--list', '--noheadings', '-O', 'NAME', '-j', work])
        for (const device of loops.split('\n').filter(Boolean)) await runToolOk('losetup', ['-d', device])
        await rm(join(place.path, 'run'), { recursive: true, force: true })
        await truncate(work, 0)
        const journal = join(place.path, 'runs', `${cut.id}.jsonl`)
        const text = await readFile(journal, 'utf8')
        if (last === 'work') await writeFile(journal, text.replaceAll(/"at":"\d{4}/gu, '"at":"2020'))
        const ended = await host.runs.resume(cut.id, { stop })
        expect([ended.phase, ended.error]).toEqual(['succeeded', null])
        await nothingIsLeft(path, place.path)
        const after = place.file('after.raw')
        await runToolOk('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', path, after])
        await onLoop(after, { start: 16 * mib, size: 111 * mib }, async (device) => {
          expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
          expect(await filesOf(device)).toBe(before)
        })
      },
    )

    test('MBR: a primary partition, and a logical one with the one around it', slow, async () => {
      await using place = await tempPlace()
      const from = await manyFiles(place.file('from'))
      await using host = hostIn(place.path)
      const [one, two] = [place.file('one.raw'), place.file('two.raw')]
      await blankDisk({ path: one, size: 64, table: 'label: dos\nstart=2048, size=126976' })
      await putExt4(one, { from, start: 1, size: 62 })
      expect((await grow(host, { image: one, size: 128 * mib })).told).toBe('succeeded: done')
      expect(await partitionsOf(one)).toEqual([{ start: mib, size: 127 * mib }])
      const logical =
        'label: dos\nstart=2048, size=18432\nstart=20480, size=110592, type=5\nstart=22528, size=108544'
      await blankDisk({ path: two, size: 64, table: logical })
      await putExt4(two, { from, start: 11, size: 53 })
      expect((await grow(host, { image: two, size: 128 * mib })).told).toBe('succeeded: done')
      const [first, extended, inner] = await partitionsOf(two)
      expect([first, extended, inner]).toEqual([
        { start: mib, size: 9 * mib },
        { start: 10 * mib, size: 118 * mib },
        { start: 11 * mib, size: 117 * mib },
      ])
      await onLoop(two, { start: 11 * mib, size: null }, async (device) => {
        expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
      })
      expect(await refusalOf(host, { image: two, size: 3 * 1024 ** 4 })).toBe('mbr-too-small')
    })

    test.each([
      ['ext4', ['mkfs.ext4', '-q', '-F'], ['e2fsck', '-f', '-n']],
      ['xfs', ['mkfs.xfs', '-q', '-f'], ['xfs_repair', '-n']],
      ['btrfs', ['mkfs.btrfs', '-q', '-f', '-m', 'single'], ['btrfs', 'check', '--readonly']],
      ['ntfs', ['mkntfs', '-q', '-F', '-Q'], ['ntfsfix', '-n']],
    ] as const)('%s on the whole disk', slow, async (type, [make, ...makeArgs], [check, ...checkArgs]) => {
      if (!requires(make, check) || (type !== 'ext4' && !(await canMount(type)))) return
      await using place = await tempPlace()
      const from = await manyFiles(place.file('from'))
      // XFS is made of no less.
      const size = type === 'xfs' ? 320 : 128
      const path = await blankDisk({ path: place.file('a.raw'), size, table: null })
      const mounted = type === 'ntfs' ? '-t ntfs-3g' : ''
      const before = await onLoop(path, { start: 0, size: null }, async (device) => {
        await runToolOk(make, [...makeArgs, device])
        await filled(device, from, mounted)
        return await listed(device, mounted)
      })
      await using host = hostIn(place.path)
      const state = await grow(host, { image: path, size: size * mib, isAdded: true, allContents: true })
      expect(state.told).toBe('succeeded: done')
      await nothingIsLeft(path, place.path)
      expect((await stat(path)).size).toBe(2 * size * mib)
      await onLoop(path, { start: 0, size: null }, async (device) => {
        expect((await runTool(check, [...checkArgs, device])).exitCode).toBe(0)
        expect(await listed(device, mounted)).toBe(before)
        const bytes = Number(await sized(device, mounted))
        expect(bytes).toBeGreaterThan(1.6 * size * mib)
      })
    })

    test('swap goes on with its UUID and label', slow, async () => {
      await using place = await tempPlace()
      const path = await blankDisk({
        path: place.file('a.raw'),
        size: 32,
        table: 'label: gpt\nstart=2048, size=61440, type=swap',
      })
      const uuid = '5fa21a55-f394-4a4d-9958-1951a67d5540'
      await onLoop(path, { start: mib, size: 30 * mib }, async (device) =>
        runToolOk('mkswap', ['-q', '-L', 'its swap', '-U', uuid, device]),
      )
      await using host = hostIn(place.path)
      expect(await refusalOf(host, { image: path, size: 64 * mib })).toBe('which-partition')
      expect((await grow(host, { image: path, size: 64 * mib, partition: 1 })).told).toBe('succeeded: done')
      await onLoop(path, { start: mib, size: 62 * mib }, async (device) => {
        const said = await runToolOk('blkid', ['-p', '-o', 'export', device])
        expect(said).toContain(`UUID=${uuid}`)
        expect(said).toContain('LABEL=its\\ swap')
      })
      await using inspected = hostIn(place.path)
      const swap = await inspected.plan('grow', { image: path, size: 64 * mib, partition: 1 })
      expect(swap).toMatchObject({ kind: 'refusal', problems: [{ id: 'no-room-behind' }] })
    })

    test(
      'the container only: the second copy of the GPT is at the end, the partitions stay',
      slow,
      async () => {
        await using place = await tempPlace()
        const path = await gptDisk(place)
        const before = await partitionsOf(path)
        await using host = hostIn(place.path)
        expect((await grow(host, { image: path, size: 128 * mib, partition: 'none' })).told).toBe(
          'succeeded: done',
        )
        expect(await partitionsOf(path)).toEqual(before)
        await tableIsSound(path)
        await nothingIsLeft(path, place.path)
        // Room that is there already is used without a larger disk.
        expect((await grow(host, { image: path, size: 128 * mib, partition: 2 })).told).toBe(
          'succeeded: done',
        )
        expect((await partitionsOf(path))[1]).toEqual({ start: 16 * mib, size: 111 * mib })
        await tableIsSound(path)
      },
    )

    test('what is damaged inside is found by the check, and the original stays as it is', slow, async () => {
      await using place = await tempPlace()
      const path = await gptDisk(place)
      await onLoop(path, { start: 16 * mib, size: 46 * mib }, async (device) => {
        await runToolOk('debugfs', ['-w', '-R', 'set_inode_field words links_count 9', device])
      })
      const before = await digestOf(path)
      await using host = hostIn(place.path)
      const state = await grow(host, { image: path, size: 128 * mib })
      expect(state).toMatchObject({
        phase: 'failed',
        error: { code: 'refused', details: { finding: 'filesystem-damaged' } },
        undoFailures: [],
      })
      expect(await digestOf(path)).toBe(before)
      await nothingIsLeft(path, place.path)
    })

    test('a full disk ends it with a coded error, and the original stays as it is', slow, async () => {
      await using place = await tempPlace()
      const full = place.file('full')
      await mkdir(full)
      await runToolOk('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'none', full])
      try {
        const made = await gptDisk(place)
        await onLoop(made, { start: 16 * mib, size: 46 * mib }, async (device) => {
          await inMounted(device, 'rw', 'head -c 24000000 /dev/urandom >large')
        })
        const path = join(full, 'a.raw')
        await runToolOk('cp', ['--sparse=always', made, path])
        const before = await digestOf(path)
        await using host = hostIn(place.path)
        expect(await refusalOf(host, { image: path, size: 128 * mib })).toBe('no-space')
        expect(await digestOf(path)).toBe(before)
        expect(await readdir(full)).toEqual(['a.raw'])
      } finally {
        await runToolOk('umount', [full])
      }
    })

    test('what cannot be is refused before anything is made', slow, async () => {
      await using place = await tempPlace()
      const path = await gptDisk(place)
      await using host = hostIn(place.path)
      const other = async (name: string, change: (path: string) => Promise<unknown>) => {
        const copied = place.file(name)
        await copyFile(path, copied)
        await change(copied)
        return await refusalOf(host, { image: copied, size: 128 * mib })
      }
      const on = async (copied: string, work: (device: string) => Promise<unknown>) =>
        onLoop(copied, { start: 16 * mib, size: 46 * mib }, work)
      expect(
        await other('dirty.raw', async (copied) =>
          on(copied, async (device) => runToolOk('debugfs', ['-w', '-R', 'ssv state 0', device])),
        ),
      ).toBe('filesystem-dirty')
      expect(await other('short.raw', async (copied) => truncate(copied, 40 * mib))).toMatch(
        /^(?:partition-outside-disk|gpt-)/u,
      )
      const overlapping = place.file('overlap.raw')
      await blankDisk({
        path: overlapping,
        size: 64,
        table: 'label: dos\nstart=2048, size=18432\nstart=20480, size=40960',
      })
      await runToolOk('sh', [
        '-c',
        String.raw`printf '\000\240\000\000' | dd of="$1" bs=1 seek=458 conv=notrunc status=none`,
        'sh',
        overlapping,
      ])
      expect(await refusalOf(host, { image: overlapping, size: 128 * mib })).toBe('partitions-overlap')
      await nothingIsLeft(path, place.path)
    })

    test(
      'an agent grows what lies in its libraries, and acts on no device, file or note of others',
      slow,
      async () => {
        await using place = await tempPlace()
        const { folder, path, original } = await imageOf(place, 'qcow2', 'a.qcow2')
        await using agent = openTestHost(place.path, { adapters, roots: [folder] })
        const outside = place.file('made.raw')
        const link = join(folder, 'link.raw')
        await symlink(outside, link)
        for (const image of [outside, link])
          await expect(refusalOf(agent, { image, size: 128 * mib })).rejects.toMatchObject({
            code: 'outside-library',
          })
        const act = async (action: string, input: object) => codeOfAction(agent, action, input)
        const size = { partition: 2, size: null, swap: null, type: 'ext4', image: path } as const
        await onLoop(outside, { start: 0, size: null }, async (device) => {
          const attached = { attachment: 'strange', image: outside, device }
          const refused = ['refused', 'outside-library']
          expect(refused).toContain(await act('resize-filesystem', { ...size, partition: null, device }))
          expect(refused).toContain(
            await act('check-filesystem', { ...size, partition: null, device, when: 'before' }),
          )
          expect(refused).toContain(
            await act('digest-files', {
              ...size,
              partition: null,
              device,
              allContents: false,
              expected: null,
            }),
          )
          expect(refused).toContain(await act('read-partitions', attached))
          expect(refused).toContain(
            await act('reserve-device', {
              attachment: 'strange',
              image: outside,
              how: 'loop',
              isReadOnly: false,
              isThrowAway: false,
              purpose: 'attach',
            }),
          )
          expect(refused).toContain(await act('attach-loop', { ...attached, isReadOnly: false }))
          // Noted by the command of that host, as it may be: an agent leaves it alone.
          await using host = hostIn(place.path)
          await performAction(
            adapters,
            {
              action: 'reserve-device',
              input: {
                attachment: 'strange',
                image: outside,
                how: 'loop',
                isReadOnly: true,
                isThrowAway: false,
                purpose: 'attach',
              },
            },
            { ports: host.ports, signal: stop, isResumed: false, onProgress: () => {} },
          )
          expect(refused).toContain(await act('forget-attachment', { attachment: 'strange' }))
          expect(refused).toContain(await act('end-serving', { attachment: 'strange' }))
          expect(await act('detach-loop', attached)).toBe('refused')
          expect(
            await runToolOk('losetup', ['--list', '--noheadings', '-O', 'NAME', '-j', outside]),
          ).toContain(device)
        })
        const sized = { partition: 2, start: 16 * mib, end: 40 * mib, name: path }
        for (const disk of [outside, link, join(folder, '../made.raw')])
          expect(['refused', 'outside-library']).toContain(await act('resize-partition', { ...sized, disk }))
        expect(await act('relocate-table', { disk: link, name: path })).toBe('refused')
        await rm(link)
        await rm(join(place.path, 'run'), { recursive: true })
        expect(await digestOf(path)).toBe(original)
        const state = await grow(agent, { image: path, size: 128 * mib })
        expect(state.told).toBe('succeeded: done')
        await nothingIsLeft(path, folder)
      },
    )
  },
)

/** Whether this kernel mounts it, or a program does. */
async function canMount(type: string): Promise<boolean> {
  if (type === 'ntfs') return requires('ntfs-3g')
  if ((await readFile('/proc/filesystems', 'utf8')).split(/\s+/u).includes(type)) return true
  process.stderr.write(`skipped: this kernel does not mount ${type}\n`)
  return false
}

/** Work in what is mounted of a device, by the driver that is named. */
async function mountedRun(device: string, mounted: string, options: string, work: string): Promise<string> {
  const script = `mount ${mounted} -o ${options} "$1" /mnt && cd /mnt && ${work}; r=$?; cd /; umount /mnt; exit $r`
  return await runToolOk('unshare', ['--mount', '--pid', '--fork', '--', 'sh', '-c', script, 'sh', device])
}

async function filled(device: string, from: string, mounted: string): Promise<void> {
  const copy = mounted === '' ? 'cp -a' : 'cp -r'
  await mountedRun(device, mounted, 'rw', `${copy} '${from}/.' . && sync`)
}

async function listed(device: string, mounted: string): Promise<string> {
  const work = 'tar --create --sort=name --numeric-owner . | sha256sum'
  return await mountedRun(device, mounted, 'ro', work)
}

async function sized(device: string, mounted: string): Promise<string> {
  return await mountedRun(device, mounted, 'ro', 'expr "$(stat -f -c %b .)" "*" "$(stat -f -c %S .)"')
}
