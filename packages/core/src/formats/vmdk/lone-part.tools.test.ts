import { copyFile, open } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../../testing/node-files.ts'
import { checkImage } from '../../chain/check-image.ts'
import { inspectChain } from '../../chain/open-chain.ts'

async function split(place: TempPlace): Promise<string> {
  const image = place.file('disk.vmdk')
  const options = ['-f', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse']
  await runToolOk('qemu-img', ['create', '-q', ...options, image, '10M'])
  await runToolOk('qemu-io', ['-c', 'write -q -P 3 1M 300k', image])
  return place.file('disk-s001.vmdk')
}

const check = async (path: string) => (await checkImage(path, nodePorts)).report

describe.skipIf(!requires('qemu-img', 'qemu-io'))('a part of a split VMDK', () => {
  test('is checked by its own tables, and its descriptor is named', async () => {
    await using place = await tempPlace()
    const part = await split(place)
    const report = await check(part)
    expect(report).toMatchObject({ isComplete: true, totals: { corruptions: 0, leaks: 0, remarks: 1 } })
    expect(report.checked).toContain('grain tables')
    expect(report.findings).toMatchObject([
      { id: 'vmdk-part', kind: 'remark', remedy: expect.stringContaining(place.file('disk.vmdk')) },
    ])
    const { problems } = await inspectChain(part, nodePorts)
    expect(problems).toMatchObject([
      { severity: 'block', remedy: expect.stringContaining(place.file('disk.vmdk')) },
    ])
  })

  test('is corrupt when its tables are', async () => {
    await using place = await tempPlace()
    const part = await split(place)
    const handle = await open(part, 'r+')
    const { buffer } = await handle.read(Buffer.alloc(512), 0, 512, 0)
    const directory = Number(buffer.readBigUInt64LE(56)) * 512
    const at = Buffer.alloc(4)
    await handle.read(at, 0, 4, directory)
    await handle.write(Buffer.alloc(64, 0xee), 0, 64, at.readUInt32LE() * 512)
    await handle.close()
    expect((await check(part)).totals.corruptions).toBeGreaterThan(0)
  })

  test('alone it may as well be a disk that lost its descriptor', async () => {
    await using place = await tempPlace()
    await using elsewhere = await tempPlace()
    const alone = elsewhere.file('disk-s001.vmdk')
    await copyFile(await split(place), alone)
    expect(await check(alone)).toMatchObject({ isComplete: false, findings: [{ id: 'refused' }] })
  })
})
