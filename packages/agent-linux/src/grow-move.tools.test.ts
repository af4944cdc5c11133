import { copyFile, mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openTestHost } from '@varve/agent/testing/test-host'
import { walkKills } from '@varve/agent/testing/walk-kills'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { adapters } from './testing/adapters.ts'
import { blankDisk, filesOf, manyFiles, onLoop, putExt4 } from './testing/guest-disks.ts'
import { canUseLoop } from './testing/loop-devices.ts'
import { digestOf, nothingIsLeft } from './testing/what-is-left.ts'

const mib = 1024 ** 2
const stop = new AbortController().signal
const slow = { timeout: 300_000 }
const url = pathToFileURL(join(import.meta.dirname, 'testing/adapters.ts')).href

interface Place {
  readonly start: number
  readonly size: number
}
const root: Place = { start: mib, size: 31 * mib }
const swap: Place = { start: 32 * mib, size: 15 * mib }
const data: Place = { start: 47 * mib, size: 36 * mib }

const sectors = ({ start, size }: Place) => `start=${start / 512}, size=${size / 512}`
const table = `label: gpt
${sectors(root)}, name="root"
${sectors(swap)}, type=swap, name="its swap", uuid=2C1B2BE6-8A5F-4B57-9A5A-0C0D0E0F1011, attrs="GUID:63"
${sectors(data)}, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, name=data`

/** A root, right behind it swap, and behind that a FAT which ends with the disk of 84 MiB. */
async function crowdedDisk(place: TempPlace): Promise<{ readonly path: string; readonly files: string }> {
  const path = await blankDisk({ path: place.file('made.raw'), size: 84, table })
  await putExt4(path, { from: await manyFiles(place.file('from')), start: 1, size: 31 })
  await onLoop(path, swap, async (device) => runToolOk('mkswap', ['-q', '-L', 'its swap', device]))
  await onLoop(path, data, async (device) => {
    const hidden = String(data.start / 512)
    await runToolOk('mkfs.vfat', ['-F', '32', '-s', '1', '-h', hidden, '-n', 'DATA', device])
  })
  await runToolOk('mcopy', ['-i', `${path}@@${data.start}`, '/etc/passwd', '::PASSWD'])
  return { path, files: await onLoop(path, root, filesOf) }
}

/** What of the table stays: all but places. */
async function labelsOf(path: string): Promise<readonly string[]> {
  const dump = await runToolOk('sfdisk', ['--dump', path])
  return dump
    .split('\n')
    .filter((line) => line.includes(' : '))
    .map((line) => line.slice(line.indexOf(' : ')).replaceAll(/(?:start|size)= *\d+/gu, ''))
}

async function bytesOf(path: string, { start, size }: Place): Promise<Buffer> {
  return (await readFile(path)).subarray(start, start + size)
}

const toolsFor = ['resize2fs', 'unshare', 'setpriv', 'tar', 'mkfs.vfat', 'mcopy', 'sgdisk']

describe.skipIf(!canUseLoop() || !requires(...toolsFor))('grow that moves what lies behind', () => {
  test.each(['raw', 'qcow2'])('%s', slow, async (format) => {
    await using place = await tempPlace()
    const { path: made, files } = await crowdedDisk(place)
    await mkdir(place.file('lib'))
    const path = place.file(`lib/a.${format}`)
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, made, path])
    const original = await digestOf(path)
    await using host = openTestHost(place.path, { adapters })
    const request = { image: path, size: 116 * mib, partition: 1, isMoving: true, allContents: true }
    const plan = await host.plan('grow', request)
    if (plan.kind === 'refusal') throw new Error(plan.problems[0]?.message)
    expect(plan.summary).toContain('moving partitions 2, 3 to the end')
    const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
    expect([state.phase, state.error]).toEqual(['succeeded', null])
    await nothingIsLeft(path, place.path)
    const after = place.file('after.raw')
    await runToolOk('qemu-img', ['convert', '-f', format, '-O', 'raw', path, after])
    await isWhole(after, { made, files })
    expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
    expect(await digestOf(path)).toBe(original)
  })

  test(
    'killed at entries of its journal, the original or the result is there whole',
    { timeout: 2_400_000 },
    async () => {
      await using place = await tempPlace()
      const { path: made, files } = await crowdedDisk(place)
      const before = await digestOf(made)
      const image = (folder: string) => join(folder, 'lib/a.raw')
      await walkKills({
        operation: 'grow',
        oneOf: 23,
        system: { adapters, url },
        async prepare(folder) {
          await mkdir(join(folder, 'lib'))
          await copyFile(made, image(folder))
          return { image: image(folder), size: 116 * mib, partition: 1, isMoving: true }
        },
        async atAnyTime(folder) {
          const { size } = await stat(image(folder))
          if (size === 84 * mib) expect(await digestOf(image(folder))).toBe(before)
          else await isWhole(image(folder), { made, files })
        },
        async whenDone(folder) {
          await isWhole(image(folder), { made, files })
          await nothingIsLeft(image(folder), folder)
        },
        async whenUndone(folder) {
          expect(await digestOf(image(folder))).toBe(before)
          await nothingIsLeft(image(folder), folder)
        },
      })
    },
  )

  async function isWhole(
    path: string,
    { made, files }: { readonly made: string; readonly files: string },
  ): Promise<void> {
    const moved = (place: Place): Place => ({ ...place, start: place.start + 32 * mib })
    expect(await runToolOk('sgdisk', ['-v', path])).toContain('No problems found')
    expect(await labelsOf(path)).toEqual(await labelsOf(made))
    expect(await bytesOf(path, moved(swap))).toEqual(await bytesOf(made, swap))
    // FAT says where it begins, in its first sector and its copy; all else is as it was.
    const fat = Buffer.from(await bytesOf(made, data))
    for (const at of [0, 6 * 512]) fat.writeUInt32LE(moved(data).start / 512, at + 28)
    expect(Buffer.compare(await bytesOf(path, moved(data)), fat)).toBe(0)
    await onLoop(path, { start: root.start, size: root.size + 32 * mib }, async (device) => {
      expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
      expect(await filesOf(device)).toBe(files)
      const [, blocks = ''] = /Block count:\s+(\d+)/u.exec(await runToolOk('dumpe2fs', ['-h', device])) ?? []
      expect(Number(blocks) * 1024).toBe(root.size + 32 * mib)
    })
    await onLoop(path, moved(data), async (device) => {
      expect((await runTool('fsck.vfat', ['-n', device])).exitCode).toBe(0)
    })
  }
})
