import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expectedDisk, hasCases, unpackCases } from '@varve/test-kit/cases'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { readDisk } from '../testing/disk-files.ts'
import { nodePorts } from '../testing/node-files.ts'
import { checkImage } from './check-image.ts'
import { inspectChain } from './open-chain.ts'

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
})
