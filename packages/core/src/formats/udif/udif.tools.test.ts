import { readFile, writeFile } from 'node:fs/promises'
import { deflateSync } from 'node:zlib'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { openChain } from '../../chain/open-chain.ts'
import { buildUdif, sectorsOf, type BuiltRun } from './testing/build-udif.ts'

describe.skipIf(!requires('qemu-img'))('UDIF against qemu-img', () => {
  test('images of random runs are the same disk to both', async () => {
    await using place = await tempPlace()
    const random = seededRandom(7)
    for (let round = 0; round < 5; round += 1) {
      const tables: BuiltRun[][] = []
      let sector = 0
      for (let table = 0; table < 3; table += 1) {
        const runs: BuiltRun[] = []
        for (let index = 0; index < 12; index += 1) {
          const sectors = 1 + random(300)
          const data = sectorsOf(sectors, 1 + random(255))
          const kind = random(4)
          if (kind === 0) runs.push({ type: 0, sector, sectors })
          else if (kind === 1) runs.push({ type: 1, sector, sectors, data })
          else if (kind === 2) runs.push({ type: 2, sector, sectors })
          else runs.push({ type: 0x8000_0005, sector, sectors, data: deflateSync(data) })
          sector += sectors
        }
        tables.push(runs)
      }
      const image = place.file(`${round}.dmg`)
      const raw = place.file(`${round}.raw`)
      await writeFile(image, buildUdif({ sectors: sector, tables }))
      await runToolOk('qemu-img', ['convert', '-f', 'dmg', '-O', 'raw', image, raw])
      await using chain = await openChain(image, nodePorts)
      const bytes = Buffer.alloc(chain.disk.virtualSize)
      await chain.disk.readInto(bytes, 0)
      expect(bytes.equals(await readFile(raw))).toBe(true)
    }
  })
})
