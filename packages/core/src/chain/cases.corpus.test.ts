import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expectedDisk, hasCases, unpackCases } from '@varve/test-kit/cases'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { memorySource, readRange } from '../binary/byte-source.ts'
import { inspectImage } from '../layers/inspect-image.ts'
import { guestChoices } from '../rules/guest-choices.ts'
import { readDisk } from '../testing/disk-files.ts'
import { nodePorts } from '../testing/node-files.ts'
import { checkImage } from './check-image.ts'
import type { ImagePorts } from '../image/image-files.ts'
import { inspectChain, openChain } from './open-chain.ts'

async function expectDisk(path: string, folder: string): Promise<void> {
  const bytes = await readDisk(path)
  const found = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length }
  expect(found).toEqual(expectedDisk(folder))
}

describe('cases from reports', () => {
  test.skipIf(!hasCases('2026-11-28/vmdk-descriptors'))('descriptors of other hosts', async () => {
    await using place = await tempPlace()
    unpackCases('2026-11-28/vmdk-descriptors', place.path)
    const folders = readdirSync(place.path).map((name) => join(place.path, name))
    expect(folders.length).toBeGreaterThan(0)
    for (const folder of folders) await expectDisk(join(folder, 'disk.vmdk'), folder)
  })

  test.skipIf(!hasCases('2026-11-28/vdi-parent-written'))('a VDI whose parent was written to', async () => {
    await using place = await tempPlace()
    unpackCases('2026-11-28/vdi-parent-written', place.path)
    const path = place.file('diff-mod/snap.vdi')
    await expectDisk(path, place.file('diff-mod'))
    const { problems } = await inspectChain(path, nodePorts)
    expect(problems.map(({ id }) => id)).toEqual(['parent-written'])
    const { report } = await checkImage(path, nodePorts)
    expect(report.findings.map(({ id }) => id)).toEqual(['parent-written'])
  })

  test.skipIf(!hasCases('2026-11-28/qcow2-odd'))('a backing file said to be raw that is qcow2', async () => {
    await using place = await tempPlace()
    unpackCases('2026-11-28/qcow2-odd', place.path)
    const { problems } = await inspectChain(place.file('chain-saidraw/a.qcow2'), nodePorts)
    expect(problems).toContainEqual(expect.objectContaining({ id: 'parent-format-differs', asks: true }))
  })

  test.skipIf(!hasCases('2026-11-28/ova-shapes'))('packages as other programs pack them', async () => {
    await using place = await tempPlace()
    unpackCases('2026-11-28/ova-shapes', place.path)
    const folders = readdirSync(place.path).map((name) => join(place.path, name))
    expect(folders.length).toBeGreaterThan(3)
    for (const folder of folders) {
      const ports: ImagePorts = { ...nodePorts, unpack: unpackGzip }
      await using chain = await openChain(join(folder, 'box.ova'), ports)
      const bytes = Buffer.alloc(chain.disk.virtualSize)
      await chain.disk.readInto(bytes, 0)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      expect({ sha256, size: bytes.length }).toEqual(expectedDisk(folder))
      expect((await checkImage(join(folder, 'box.ova'), ports)).report.findings).toEqual([])
    }
  })

  test.skipIf(!hasCases('2026-11-28/gpt-of-4k-sectors'))('a guest of 4,096-byte sectors', async () => {
    await using place = await tempPlace()
    unpackCases('2026-11-28/gpt-of-4k-sectors', place.path)
    const report = await inspectImage(place.file('gpt-4kn.vhdx'), nodePorts)
    expect(report.problems.map(({ id }) => id)).toEqual(['guest-sectors-4096'])
    expect(guestChoices('vhdx', report)).toEqual({ logicalSectorSize: 4096 })
  })
})

const unpackGzip: NonNullable<ImagePorts['unpack']> = async ({ file, source }) => {
  const packed = await readRange(source, { start: 0, end: source.size })
  return { ...file, source: memorySource(gunzipSync(packed)), async [Symbol.asyncDispose]() {} }
}
