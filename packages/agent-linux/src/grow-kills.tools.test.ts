import { copyFile, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { walkKills } from '@varve/agent/testing/walk-kills'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runTool } from '@varve/test-kit/tools'
import { expect, test } from 'vitest'
import { adapters } from './testing/adapters.ts'
import { filesOf, manyFiles, onLoop } from './testing/guest-disks.ts'
import { canUseLoop, partitionedDisk } from './testing/loop-devices.ts'
import { digestOf, nothingIsLeft } from './testing/what-is-left.ts'

const url = pathToFileURL(join(import.meta.dirname, 'testing/adapters.ts')).href
const mib = 1024 ** 2
/** Several processes for each death; with VARVE_ALL_KILLS=1 some hundred. */
const walkTime = 2_400_000

test.skipIf(!canUseLoop() || !requires('resize2fs', 'unshare', 'setpriv', 'tar'))(
  'grow, killed at entries of its journal: the original or the result is there whole, and nothing stays attached',
  { timeout: walkTime },
  async () => {
    await using place = await tempPlace()
    const made = place.file('made.raw')
    await partitionedDisk(made, await manyFiles(place.file('from')))
    const before = await digestOf(made)
    const files = await onLoop(made, { start: mib, size: 14 * mib }, filesOf)
    const image = (folder: string) => join(folder, 'lib/a.raw')
    const isResult = async (path: string) => {
      expect((await stat(path)).size).toBe(24 * mib)
      await onLoop(path, { start: mib, size: 22 * mib }, async (device) => {
        expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
        expect(await filesOf(device)).toBe(files)
      })
    }
    const walked = await walkKills({
      operation: 'grow',
      oneOf: 7,
      system: { adapters, url },
      async prepare(folder) {
        await mkdir(join(folder, 'lib'))
        await copyFile(made, image(folder))
        return { image: image(folder), size: 24 * mib }
      },
      async atAnyTime(folder) {
        const { size } = await stat(image(folder))
        if (size === 16 * mib) expect(await digestOf(image(folder))).toBe(before)
        else await isResult(image(folder))
      },
      async whenDone(folder) {
        await isResult(image(folder))
        await nothingIsLeft(image(folder), folder)
      },
      async whenUndone(folder) {
        expect(await digestOf(image(folder))).toBe(before)
        await nothingIsLeft(image(folder), folder)
      },
    })
    expect(walked.resumed).toBeGreaterThanOrEqual(4)
    expect(walked.undone).toBeGreaterThanOrEqual(4)
  },
)
