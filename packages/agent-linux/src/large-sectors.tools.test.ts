import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { expect, test } from 'vitest'
import { adapters } from './testing/adapters.ts'
import { blankDisk, filesOf, inMounted, manyFiles, onLoop } from './testing/guest-disks.ts'
import { canUseLoop } from './testing/loop-devices.ts'
import { nothingIsLeft } from './testing/what-is-left.ts'

const stop = new AbortController().signal
const mib = 1024 ** 2

/** Runs `work` with the disk as a device with sectors of 4,096 bytes. */
async function withLargeSectors(path: string, work: (device: string) => Promise<string>): Promise<string> {
  const device = (await runToolOk('losetup', ['--find', '--show', '--sector-size', '4096', path])).trim()
  try {
    return await work(device)
  } finally {
    await runToolOk('losetup', ['--detach', device])
  }
}

/** The table without what the size of the disk, and of its last partition, decides. */
async function tableOf(path: string): Promise<object> {
  const said = await withLargeSectors(path, async (device) => {
    expect((await runTool('sfdisk', ['--verify', device])).exitCode).toBe(0)
    return runToolOk('sfdisk', ['--json', device])
  })
  const { partitiontable } = JSON.parse(said) as {
    partitiontable: {
      id: string
      sectorsize: number
      partitions: { start: number; size: number; type: string; uuid: string; name?: string }[]
    }
  }
  const { id, sectorsize, partitions } = partitiontable
  return {
    id,
    sectorsize,
    partitions: partitions.map(({ start, type, uuid, name }) => ({ start, type, uuid, name })),
  }
}

async function contentsOf(device: string): Promise<string> {
  const listing = "find . -type f -exec sha256sum {} + | sort; find . -printf '%p %m %T@\\n' | sort"
  return await inMounted(device, 'ro', `${listing} && cd / && umount /mnt`)
}

async function resize(host: TestHost, operation: 'grow' | 'shrink', request: object): Promise<string> {
  const plan = await host.plan(operation, request)
  if (plan.kind === 'refusal') return plan.problems.map(({ id }) => id).join(' ')
  const accepted = plan.warnings.map(({ id }) => id)
  const { phase, error } = await host.runs.start({ plan, request, accepted }, { stop })
  return `${phase}: ${error?.message ?? 'done'}`
}

test
  .skipIf(!canUseLoop() || !requires('sfdisk', 'qemu-img', 'resize2fs', 'unshare', 'setpriv', 'tar'))
  .each(['raw', 'qcow2'])(
  '%s with a GPT of sectors of 4,096 bytes: ext4 grows and shrinks with its partition, also by files, which are the same',
  { timeout: 600_000 },
  async (format) => {
    await using place = await tempPlace()
    const made = await blankDisk({ path: place.file('made.raw'), size: 96, table: null })
    const script = 'label: gpt\\nsize=2560, name=boot\\nsize=20992, name=root\\n'
    await withLargeSectors(made, async (device) =>
      runToolOk('sh', ['-c', `printf '${script}' | sfdisk -q --wipe never "$1"`, 'sh', device]),
    )
    const rootTo = (end: number) => ({ start: 11 * mib, size: end - 11 * mib })
    const from = await manyFiles(place.file('from'))
    // No kernel mounts blocks that are smaller than sectors.
    const options = ['-q', '-F', '-b', '4096', '-d', from, '-E', `offset=${11 * mib}`]
    await runToolOk('mkfs.ext4', [...options, made, `${82 * 256}`])
    const [table, files] = [await tableOf(made), await onLoop(made, rootTo(93 * mib), filesOf)]
    const contents = await onLoop(made, rootTo(93 * mib), contentsOf)
    expect(table).toMatchObject({ sectorsize: 4096, partitions: [{ start: 256 }, { start: 2816 }] })
    await mkdir(place.file('lib'))
    const image = join(place.file('lib'), `a.${format}`)
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, made, image])
    await using host = openTestHost(place.path, { adapters })
    const isSound = async (size: number, blocks: number, { isCopied = false } = {}) => {
      const after = place.file('after.raw')
      await runToolOk('qemu-img', ['convert', '-f', format, '-O', 'raw', image, after])
      expect((await stat(after)).size).toBe(size)
      expect(await tableOf(after)).toEqual(table)
      await onLoop(after, rootTo(11 * mib + blocks * 4096), async (device) => {
        expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
        // A copy has other times of change.
        if (!isCopied) expect(await filesOf(device)).toBe(files)
        expect(await contentsOf(device)).toBe(contents)
        expect(await runToolOk('dumpe2fs', ['-h', device])).toMatch(
          new RegExp(`Block count:\\s+${blocks}\\n`, 'u'),
        )
      })
      await nothingIsLeft(image, place.path)
    }
    const asked = { image, allContents: true }
    expect(await resize(host, 'grow', { ...asked, size: 96 * mib + 512 })).toBe('size-unsupported')
    expect(await resize(host, 'grow', { ...asked, size: 160 * mib })).toBe('succeeded: done')
    await isSound(160 * mib, 148 * 256)
    expect(await resize(host, 'shrink', { ...asked, to: 64 * mib })).toBe('succeeded: done')
    await isSound(64 * mib, 52 * 256)
    expect(await resize(host, 'shrink', { image, to: 48 * mib, byFiles: true })).toBe('succeeded: done')
    await isSound(48 * mib, 36 * 256, { isCopied: true })
  },
)
