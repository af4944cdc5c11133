import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { walkKills } from '@varve/agent/testing/walk-kills'
import { corpusEntries, unpackCorpus } from '@varve/test-kit/corpus'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { describe, expect, test } from 'vitest'
import { macNotes } from './host/notes.ts'
import { openMac } from './testing/mac-stand-in.ts'
import { openSystem } from './testing/mac-system.ts'

const system = { openSystem, url: pathToFileURL(join(import.meta.dirname, 'testing/mac-system.ts')).href }
/** Several processes for each death. */
const walkTime = 600_000
const apfs = corpusEntries()?.filter(({ file }) => file === 'apfs.raw.zst') ?? []

/** Disks of the Mac, and what is noted of them. */
async function attached(folder: string) {
  return {
    disks: openMac(folder)
      .state()
      .disks.map(({ image }) => image),
    notes: (await macNotes.read(join(folder, 'state/attached'))).map(({ image }) => image),
  }
}

describe.skipIf(process.platform !== 'linux')('on macOS, killed', () => {
  test(
    'an attachment is whole or not there, and never nobody’s',
    async () => {
      const image = (folder: string) => join(folder, 'disk.raw')
      const walked = await walkKills({
        operation: 'attach',
        system,
        async prepare(folder) {
          openMac(folder)
          const disk = Buffer.alloc(4 * 1024 ** 2)
          disk.set(mbrSector(disk.length))
          await writeFile(image(folder), disk)
          return { image: { path: image(folder), format: null, reading: {} }, inUse: 'refuse' }
        },
        // What is attached is noted.
        async atAnyTime(folder) {
          const { disks, notes } = await attached(folder)
          expect(disks.filter((path) => !notes.includes(path))).toEqual([])
        },
        async whenDone(folder) {
          expect(await attached(folder)).toEqual({ disks: [image(folder)], notes: [image(folder)] })
        },
        async whenUndone(folder) {
          expect(await attached(folder)).toEqual({ disks: [], notes: [] })
        },
        oneOf: 3,
      })
      expect(walked.resumed).toBeGreaterThan(0)
    },
    walkTime,
  )

  test.skipIf(apfs.length === 0)(
    'a mount is there with its folder and disk, or nothing of it',
    async () => {
      const walked = await walkKills({
        operation: 'mount',
        system,
        async prepare(folder) {
          openMac(folder)
          unpackCorpus(apfs, folder)
          const image = { path: join(folder, 'apfs.raw'), format: null, reading: {} }
          return Promise.resolve({ image, inUse: 'refuse', folder: join(folder, 'mnt') })
        },
        async atAnyTime(folder) {
          const { disks, notes } = await attached(folder)
          expect(disks.filter((path) => !notes.includes(path))).toEqual([])
        },
        async whenDone(folder) {
          const [disk] = openMac(folder).state().disks
          const mounts = disk?.entities.flatMap(({ mountPoint }) => mountPoint ?? [])
          expect(mounts).toEqual([join(folder, 'mnt')])
          return Promise.resolve()
        },
        async whenUndone(folder) {
          expect(await attached(folder)).toEqual({ disks: [], notes: [] })
          expect(existsSync(join(folder, 'mnt'))).toBe(false)
        },
        oneOf: 5,
      })
      expect(walked.resumed).toBeGreaterThan(0)
    },
    walkTime,
  )
})
