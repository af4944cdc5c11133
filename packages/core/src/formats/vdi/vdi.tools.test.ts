import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatGuid } from '../../binary/uuid.ts'
import { overwrite, readDisk } from '../../testing/disk-files.ts'
import { nodePorts } from '../../testing/node-files.ts'
import { checkImage } from '../../chain/check-image.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'

const MiB = 1024 ** 2

describe.skipIf(!requires('qemu-img', 'qemu-io'))('VDI against qemu-img', () => {
  let place: TempPlace
  let raw: string
  let whole: string
  beforeAll(async () => {
    place = await tempPlace()
    raw = place.file('disk.raw')
    await runToolOk('qemu-img', ['create', '-f', 'raw', raw, '20M'])
    const writes = [
      'write -P 1 0 3000',
      'write -P 2 3M 5M',
      'write -P 3 9000000 512',
      'write -P 4 20971008 512',
    ]
    await runToolOk('qemu-io', ['-f', 'raw', ...writes.flatMap((write) => ['-c', write]), raw])
    whole = place.file('whole.vdi')
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'vdi', raw, whole])
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })

  test('dynamic and fixed disks are read byte for byte', async () => {
    const fixed = place.file('fixed.vdi')
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'vdi', '-o', 'static=on', raw, fixed])
    for (const [path, subformat] of [
      [whole, 'dynamic'],
      [fixed, 'fixed'],
    ] as const) {
      expect((await inspectChain(path, nodePorts)).links[0]?.facts).toMatchObject({
        format: 'vdi',
        subformat,
        virtualSize: 20 * MiB,
        clusterSize: MiB,
        problems: [],
      })
      expect((await readDisk(path)).equals(await readFile(raw))).toBe(true)
    }
  })

  /** A child with one block of its own, made from an empty image by its header alone. */
  async function makeChild(path: string, parentUuid: Buffer): Promise<void> {
    await runToolOk('qemu-img', ['create', '-f', 'vdi', path, '20M'])
    await runToolOk('qemu-io', ['-f', 'vdi', '-c', 'write -P 9 4M 1M', path])
    await overwrite(path, 76, Uint8Array.of(4, 0, 0, 0))
    await overwrite(path, 424, parentUuid)
  }

  async function expectedChild(): Promise<Buffer> {
    return Buffer.from(await readFile(raw)).fill(9, 4 * MiB, 5 * MiB)
  }

  test('a differencing disk finds its parent by UUID among its siblings', async () => {
    const uuid = (await readFile(whole)).subarray(392, 408)
    const child = place.file('child.vdi')
    await makeChild(child, uuid)
    expect((await readDisk(child)).equals(await expectedChild())).toBe(true)
  })

  test('… and by the .vbox registry of the machine', async () => {
    const uuid = (await readFile(whole)).subarray(392, 408)
    const [machine, far] = [place.file('machine/Snapshots'), place.file('far')]
    await mkdir(machine, { recursive: true })
    await mkdir(far)
    await copyFile(whole, `${far}/base disk & more.vdi`)
    const text = formatGuid(uuid).toLowerCase()
    const location = `${far}/base disk &amp; more.vdi`
    await writeFile(
      place.file('machine/machine.vbox'),
      `<VirtualBox><HardDisk uuid="{${text}}" location="${location}" format="VDI"/></VirtualBox>`,
    )
    await makeChild(`${machine}/{1}.vdi`, uuid)
    expect((await readDisk(`${machine}/{1}.vdi`)).equals(await expectedChild())).toBe(true)
  })

  test('a parent that was written to since is said, by its modification UUID', async () => {
    await mkdir(place.file('written'))
    const [base, child] = [place.file('written/base.vdi'), place.file('written/child.vdi')]
    await copyFile(whole, base)
    const header = (await readFile(base)).subarray(0, 512)
    await makeChild(child, header.subarray(392, 408))
    await overwrite(child, 440, header.subarray(408, 424))
    expect((await inspectChain(child, nodePorts)).problems).toEqual([])
    await overwrite(base, 408, Buffer.alloc(16, 7))
    const { problems } = await inspectChain(child, nodePorts)
    expect(problems).toEqual([expect.objectContaining({ id: 'parent-written', severity: 'warn' })])
    const { report } = await checkImage(child, nodePorts)
    expect(report.findings).toEqual([expect.objectContaining({ id: 'parent-written', kind: 'corruption' })])
    expect((await readDisk(child)).equals(await expectedChild())).toBe(true)
  })

  test('a parent that is nowhere is an error, never zeros', async () => {
    await mkdir(place.file('alone'))
    const child = place.file('alone/child.vdi')
    await makeChild(child, Buffer.alloc(16, 5))
    await expect(openChain(child, nodePorts)).rejects.toMatchObject({ code: 'parent-missing' })
  })

  test('every field that lies ends in a coded error', async () => {
    const lies: readonly [at: number, bytes: readonly number[], code: string][] = [
      [68, [0, 0, 9, 0], 'unsupported-feature'],
      [76, [77, 0, 0, 0], 'corrupt'],
      [340, [0, 0, 0, 0xff], 'truncated'],
      [344, [0, 0, 0, 0], 'corrupt'],
      [368, [0, 0, 0, 0, 0, 0, 0xff, 0], 'limit-exceeded'],
      [368, [0, 0, 0, 0, 0, 1, 0, 0], 'corrupt'],
      [376, [3, 0, 0, 0], 'corrupt'],
      [384, [0xff, 0xff, 0xff, 0x7f], 'limit-exceeded'],
    ]
    for (const [at, bytes, code] of lies) {
      const path = place.file('lie.vdi')
      await copyFile(whole, path)
      await overwrite(path, at, Uint8Array.from(bytes))
      await expect(openChain(path, nodePorts), `byte ${at}`).rejects.toMatchObject({ code })
    }
    const path = place.file('lie.vdi')
    await copyFile(whole, path)
    await overwrite(path, (await readFile(whole)).readUInt32LE(340), Uint8Array.of(0, 0, 0, 0x7f))
    await expect(readDisk(path)).rejects.toMatchObject({ code: 'corrupt' })
  })
})
