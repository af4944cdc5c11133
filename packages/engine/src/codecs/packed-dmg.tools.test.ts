import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { openChain } from '@varve/core/chain/open-chain'
import { buildUdif, sectorsOf } from '@varve/core/formats/udif/testing/build-udif'
import { requires } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../ports/ports.ts'

describe.each([
  ['bzip2', 0x8000_0006, 'UDBZ'],
  ['xz', 0x8000_0008, 'ULMO'],
] as const)('a DMG packed by %s', (tool, type, subformat) => {
  test.skipIf(!requires(tool))('is read by the decoders of Node', async () => {
    await using place = await tempPlace()
    const pack = (bytes: Uint8Array) => execFileSync(tool, ['-c'], { input: bytes, maxBuffer: 1e8 })
    const runs = [1, 2, 3].map((fill, index) => ({
      type,
      sector: index * 2048,
      sectors: 2048,
      data: pack(sectorsOf(2048, fill)),
    }))
    await writeFile(place.file('a.dmg'), buildUdif({ sectors: 6144, tables: [runs] }))
    await using chain = await openChain(place.file('a.dmg'), nodePorts({ roots: null }))
    expect(chain.links[0]?.subformat).toBe(subformat)
    const bytes = Buffer.alloc(chain.disk.virtualSize)
    await chain.disk.readInto(bytes, 0)
    const expected = Buffer.concat([1, 2, 3].map((fill) => sectorsOf(2048, fill)))
    expect(bytes.equals(expected)).toBe(true)
  })
})
