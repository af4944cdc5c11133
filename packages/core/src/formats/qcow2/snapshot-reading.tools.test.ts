import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { inspectImage } from '../../layers/inspect-image.ts'
import { nodePorts } from '../../testing/node-files.ts'
import { checkImage } from '../../chain/check-image.ts'
import { openChain } from '../../chain/open-chain.ts'

async function read(path: string, snapshot?: string): Promise<Buffer> {
  await using chain = await openChain(path, nodePorts, { choices: { snapshot } })
  const bytes = Buffer.alloc(chain.disk.virtualSize)
  await chain.disk.readInto(bytes, 0)
  return bytes
}

/** What QEMU reads once it has gone back to the snapshot; its `convert -l` keeps the current size. */
async function oracle(place: TempPlace, path: string, snapshot: string): Promise<Buffer> {
  const [copy, raw] = [place.file('oracle.qcow2'), place.file('oracle.raw')]
  await copyFile(path, copy)
  await runToolOk('qemu-img', ['snapshot', '-a', snapshot, copy])
  await runToolOk('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', copy, raw])
  return await readFile(raw)
}

/** A disk of 5 MiB, 7 MiB from the third snapshot on, over a base when one is named. */
async function make(place: TempPlace, options: readonly string[] = []): Promise<string> {
  const path = place.file('disk.qcow2')
  const write = async (...steps: readonly string[]) =>
    await runToolOk('qemu-io', ['-f', 'qcow2', ...steps.flatMap((step) => ['-c', step]), path])
  const snapshot = async (name: string) => await runToolOk('qemu-img', ['snapshot', '-c', name, path])
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, path, '5M'])
  await snapshot('empty')
  await write('write -q -P 1 0 1M', 'write -q -c -P 2 2M 64k', 'write -q -z 3M 256k')
  await snapshot('zwei Wörter')
  await runToolOk('qemu-img', ['resize', '-q', '-f', 'qcow2', path, '7M'])
  await write('write -q -P 3 512k 1M', 'write -q -P 4 6M 512k')
  await snapshot('1')
  await write('write -q -P 5 0 7M')
  return path
}

const kinds = [
  ['-o', 'cluster_size=64k'],
  ['-o', 'cluster_size=4k'],
  ['-o', 'extended_l2=on'],
  ['-o', 'refcount_bits=64'],
]

describe.skipIf(!requires('qemu-img', 'qemu-io'))('an internal snapshot', () => {
  test.each(kinds)('is read as QEMU reads it %s%s', async (...options) => {
    await using place = await tempPlace()
    const base = place.file('base.raw')
    await writeFile(base, Buffer.alloc(5 * 1024 * 1024, 9))
    const path = await make(place, [...options, '-F', 'raw', '-b', base])
    for (const name of ['empty', 'zwei Wörter']) {
      const bytes = await read(path, name)
      expect(bytes.length).toBe(5 * 1024 * 1024)
      expect(bytes.equals(await oracle(place, path, name))).toBe(true)
    }
    const third = await oracle(place, path, '3')
    expect((await read(path, '3')).equals(third)).toBe(true)
    expect((await read(path)).equals(third)).toBe(false)
  })

  test('is what info is about, and its own sizes are told', async () => {
    await using place = await tempPlace()
    const path = await make(place)
    const report = await inspectImage(path, nodePorts, { choices: { snapshot: 'zwei Wörter' } })
    expect(report).toMatchObject({
      subformat: 'version 3, snapshot "zwei Wörter"',
      virtualSize: 5 * 1024 * 1024,
      details: { snapshotRead: 'zwei Wörter' },
      reclaim: [],
      reclaimable: null,
    })
    expect(report.allocation?.dataBytes).toBe(1024 * 1024 + 65_536)
    expect(report.problems.filter(({ severity }) => severity === 'block')).toEqual([])
    const { report: check } = await checkImage(path, nodePorts, { choices: { snapshot: '2' } })
    expect(check.totals).toMatchObject({ corruptions: 0, leaks: 0 })
  })

  test('is refused when there is none of that name, and when two would fit', async () => {
    await using place = await tempPlace()
    const path = await make(place)
    const refusal = (text: string) => ({ code: 'refused', message: expect.stringContaining(text) as string })
    await expect(read(path, 'nowhere')).rejects.toMatchObject(refusal('no internal snapshot'))
    await expect(inspectImage(path, nodePorts, { choices: { snapshot: 'nowhere' } })).rejects.toMatchObject({
      code: 'refused',
      remedy: expect.stringContaining('"zwei Wörter" (id "2")') as string,
    })
    await expect(checkImage(path, nodePorts, { choices: { snapshot: '' } })).rejects.toMatchObject({
      code: 'refused',
    })
    // The name of the third is the id of the first.
    await expect(read(path, '1')).rejects.toMatchObject(refusal('more than one'))
    expect((await read(path, 'id=1')).equals(Buffer.alloc(5 * 1024 * 1024))).toBe(true)
    expect((await read(path, 'name=1')).equals(await read(path, '3'))).toBe(true)
  })

  test('of damaged places is refused, not read', async () => {
    await using place = await tempPlace()
    const path = await make(place)
    const image = await readFile(path)
    const tableAt = Number(image.readBigUInt64BE(64))
    const changes = [
      (bytes: Buffer) => bytes.writeBigUInt64BE(0n, tableAt),
      (bytes: Buffer) => bytes.writeBigUInt64BE(513n, tableAt),
      (bytes: Buffer) => bytes.writeBigUInt64BE(1n << 54n, tableAt),
      (bytes: Buffer) => bytes.writeUInt32BE(0, tableAt + 8),
      (bytes: Buffer) => bytes.writeUInt32BE(0xffff_ffff, tableAt + 8),
      (bytes: Buffer) => bytes.writeBigUInt64BE(1n << 60n, tableAt + 48),
      (bytes: Buffer) => bytes.writeBigUInt64BE(511n, tableAt + 48),
    ]
    for (const change of changes) {
      const damaged = Buffer.from(image)
      change(damaged)
      await writeFile(path, damaged)
      await expect(read(path, 'empty')).rejects.toMatchObject({ name: 'DiskError' })
      const report = await inspectImage(path, nodePorts, { choices: { snapshot: 'empty' } })
      expect(report.problems.some(({ severity }) => severity === 'block')).toBe(true)
    }
  })
})
