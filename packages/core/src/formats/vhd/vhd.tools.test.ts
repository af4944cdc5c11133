import { copyFile, readFile, stat } from 'node:fs/promises'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { overwrite, readDisk } from '../../testing/disk-files.ts'
import { nodePorts } from '../../testing/node-files.ts'
import { inspectChain, openChain } from '../../chain/open-chain.ts'

describe.skipIf(!requires('qemu-img', 'qemu-io'))('VHD against qemu-img', () => {
  let place: TempPlace
  let raw: string
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
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })

  async function vhd(name: string, options: string): Promise<string> {
    const path = place.file(name)
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'vpc', '-o', options, raw, path])
    return path
  }

  test.each(['dynamic', 'fixed'])(
    '%s disks are found at the end of the file and read byte for byte',
    async (subformat) => {
      const path = await vhd(`${subformat}.vhd`, `subformat=${subformat},force_size=on`)
      const report = await inspectChain(path, nodePorts)
      expect(report.links[0]?.facts).toMatchObject({
        format: 'vhd',
        subformat,
        virtualSize: 20 * 1024 ** 2,
        problems: [],
      })
      expect((await readDisk(path)).equals(await readFile(raw))).toBe(true)
    },
  )

  test('a size by geometry is that of qemu-img', async () => {
    const path = await vhd('geometry.vhd', 'subformat=dynamic')
    const info = JSON.parse(await runToolOk('qemu-img', ['info', '--output=json', path])) as {
      'virtual-size': number
    }
    const bytes = await readDisk(path)
    expect(bytes.length).toBe(info['virtual-size'])
    const flat = place.file('geometry.raw')
    await runToolOk('qemu-img', ['convert', '-O', 'raw', path, flat])
    expect(bytes.equals(await readFile(flat))).toBe(true)
  })

  test('a lost footer is replaced by its copy, with a warning', async () => {
    const path = place.file('cut.vhd')
    await copyFile(await vhd('whole.vhd', 'subformat=dynamic,force_size=on'), path)
    const { size } = await stat(path)
    await overwrite(path, size - 512, Buffer.alloc(512))
    const report = await inspectChain(path, nodePorts)
    expect(report.problems.map(({ id }) => id)).toEqual(['vhd-footer-copy-used'])
    expect((await readDisk(path)).equals(await readFile(raw))).toBe(true)
  })

  test('a wrong checksum is a warning', async () => {
    const path = place.file('checksum.vhd')
    await copyFile(await vhd('right.vhd', 'subformat=fixed,force_size=on'), path)
    const { size } = await stat(path)
    await overwrite(path, size - 512 + 64, Buffer.from([1, 2, 3, 4]))
    const report = await inspectChain(path, nodePorts)
    expect(report.problems.map(({ id, severity }) => `${severity} ${id}`)).toEqual([
      'warn vhd-checksum-wrong',
    ])
  })

  test('every field that lies ends in a coded error', async () => {
    const whole = await readFile(await vhd('honest.vhd', 'subformat=dynamic,force_size=on'))
    const lies: readonly [at: number, bytes: readonly number[], code: string][] = [
      [512 + 28, [0x40, 0, 0, 1], 'truncated'],
      [512 + 28, [0, 0, 0, 1], 'corrupt'],
      [512 + 32, [0, 0, 3, 0], 'corrupt'],
      [512 + 16, [0, 0x10, 0, 0, 0, 0, 0, 0], 'truncated'],
      [512 + 16, [0xff, 0, 0, 0, 0, 0, 0, 0], 'limit-exceeded'],
      [whole.length - 512 + 48, [0, 0, 0xff, 0, 0, 0, 0, 0], 'limit-exceeded'],
      [whole.length - 512 + 60, [0, 0, 0, 9], 'corrupt'],
      [whole.length - 512 + 16, [0, 0, 0, 9, 0, 0, 0, 0], 'truncated'],
    ]
    for (const [at, bytes, code] of lies) {
      const path = place.file('lie.vhd')
      await copyFile(place.file('honest.vhd'), path)
      await overwrite(path, at, Uint8Array.from(bytes))
      await expect(openChain(path, nodePorts), `byte ${at}`).rejects.toMatchObject({ code })
      const { problems } = await inspectChain(path, nodePorts)
      expect(problems.some(({ id, severity }) => id === code && severity === 'block')).toBe(true)
    }
  })

  test('a block past the end of the file is refused when it is read', async () => {
    const path = place.file('far.vhd')
    await copyFile(await vhd('near.vhd', 'subformat=dynamic,force_size=on'), path)
    const header = (await readFile(path)).subarray(512, 1536)
    await overwrite(path, Number(header.readBigUInt64BE(16)), Uint8Array.of(0x7f, 0, 0, 0))
    await expect(readDisk(path)).rejects.toMatchObject({ code: 'corrupt' })
  })
})
