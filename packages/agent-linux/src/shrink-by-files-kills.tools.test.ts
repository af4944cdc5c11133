import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { walkKills } from '@varve/agent/testing/walk-kills'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { expect, test } from 'vitest'
import { adapters } from './testing/adapters.ts'
import { onLoop } from './testing/guest-disks.ts'
import { canUseLoop } from './testing/loop-devices.ts'
import { kindsOf, putManyKinds } from './testing/many-kinds.ts'
import { guestDisk, rootAt } from './testing/shrunk-disks.ts'
import { digestOf, nothingIsLeft } from './testing/what-is-left.ts'

const url = pathToFileURL(join(import.meta.dirname, 'testing/adapters.ts')).href
const mib = 1024 ** 2
const [before, after] = [64, 48]
/** Several processes for each death; with VARVE_ALL_KILLS=1 some hundred. */
const walkTime = 2_400_000

const rootOf = (size: number) => ({ start: rootAt * mib, size: (size - rootAt - 1) * mib })

test
  .skipIf(!canUseLoop() || !requires('qemu-img', 'sgdisk', 'mke2fs', 'unshare', 'setpriv', 'tar', 'cp'))
  .each(['qcow2', 'raw'])(
  '%s shrunk by files, killed at entries of its journal: the original or the result is there whole, and nothing stays attached',
  { timeout: walkTime },
  async (format) => {
    await using place = await tempPlace()
    const made = await guestDisk(place.file('disk'), before)
    const files = await onLoop(made, rootOf(before), async (device) => {
      await runToolOk('mkfs.ext4', ['-q', device])
      await putManyKinds(device, 'ext4')
      return await kindsOf(device, 'ext4')
    })
    const template = place.file(`made.${format}`)
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, made, template])
    const original = await digestOf(template)
    const image = (folder: string) => join(folder, `lib/a.${format}`)
    const sizeOf = async (path: string) => {
      const said = await runToolOk('qemu-img', ['info', '--output=json', path])
      return (JSON.parse(said) as { readonly 'virtual-size': number })['virtual-size']
    }
    const isResult = async (path: string, raw: string) => {
      expect(await sizeOf(path)).toBe(after * mib)
      await runToolOk('qemu-img', ['convert', '-f', format, '-O', 'raw', path, raw])
      expect(await runToolOk('sgdisk', ['--verify', raw])).toContain('No problems found')
      await onLoop(raw, rootOf(after), async (device) => {
        expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
        expect(await kindsOf(device, 'ext4')).toBe(files)
      })
    }
    const walked = await walkKills({
      operation: 'shrink',
      oneOf: 13,
      system: { adapters, url },
      async prepare(folder) {
        await mkdir(join(folder, 'lib'))
        await copyFile(template, image(folder))
        return { image: image(folder), to: after * mib, byFiles: true }
      },
      async atAnyTime(folder) {
        if ((await sizeOf(image(folder))) === before * mib)
          expect(await digestOf(image(folder))).toBe(original)
        else await isResult(image(folder), join(folder, 'then.raw'))
      },
      async whenDone(folder) {
        await isResult(image(folder), join(folder, 'done.raw'))
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
