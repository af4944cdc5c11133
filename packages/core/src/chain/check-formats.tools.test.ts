import { copyFile, open, readFile, truncate, writeFile } from 'node:fs/promises'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { nodePorts } from '../testing/node-files.ts'
import type { CheckReport } from '../image/check-report.ts'
import { detectFormat, readFileEnds } from '../image/detect-format.ts'
import { driverFor } from './drivers.ts'

const MiB = 1024 * 1024

async function check(path: string): Promise<CheckReport> {
  await using file = await nodePorts.files.open(path)
  const driver = await driverFor(detectFormat(await readFileEnds(file.source), path))
  if (!driver.check) throw new Error(`no check of ${driver.format}`)
  return await driver.check(file, nodePorts)
}

/** A disk of 16 MiB with two separate runs of data. */
async function make(place: TempPlace, name: string, args: readonly string[]): Promise<string> {
  const raw = place.file(`${name}.raw`)
  const handle = await open(raw, 'w')
  await handle.truncate(16 * MiB)
  await handle.write(new Uint8Array(300_000).fill(7), 0, 300_000, 0)
  await handle.write(new Uint8Array(200_000).fill(9), 0, 200_000, 9 * MiB)
  await handle.close()
  const path = place.file(name)
  await runToolOk('qemu-img', ['convert', '-q', '-f', 'raw', ...args, raw, path])
  return path
}

/** The image with changed bytes. */
async function changed(path: string, change: (bytes: Buffer) => void): Promise<string> {
  const bytes = await readFile(path)
  change(bytes)
  const target = `${path}.changed${path.slice(path.lastIndexOf('.'))}`
  await writeFile(target, bytes)
  return target
}

const ids = ({ findings }: CheckReport) => findings.map(({ id }) => id)

const kinds = [
  ['dynamic.vhd', ['-O', 'vpc']],
  ['fixed.vhd', ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on']],
  ['dynamic.vdi', ['-O', 'vdi']],
  ['static.vdi', ['-O', 'vdi', '-o', 'static=on']],
  ['dynamic.vhdx', ['-O', 'vhdx', '-o', 'block_size=1M']],
  ['fixed.vhdx', ['-O', 'vhdx', '-o', 'subformat=fixed']],
  ['sparse.vmdk', ['-O', 'vmdk']],
  ['stream.vmdk', ['-O', 'vmdk', '-o', 'subformat=streamOptimized']],
  ['split.vmdk', ['-O', 'vmdk', '-o', 'subformat=twoGbMaxExtentSparse']],
  ['flat.vmdk', ['-O', 'vmdk', '-o', 'subformat=monolithicFlat']],
  ['expanding.hds', ['-O', 'parallels']],
] as const

/** Puts zeros over the entries of the table with which the image finds its blocks. */
const wipes = [
  [
    'disk.vhd',
    ['-O', 'vpc'],
    (bytes: Buffer) =>
      bytes.fill(0xff, Number(bytes.readBigUInt64BE(512 + 16)), Number(bytes.readBigUInt64BE(512 + 16)) + 32),
  ],
  [
    'disk.vdi',
    ['-O', 'vdi'],
    (bytes: Buffer) => bytes.fill(0xff, bytes.readUInt32LE(340), bytes.readUInt32LE(340) + 64),
  ],
  ['disk.hds', ['-O', 'parallels'], (bytes: Buffer) => bytes.fill(0, 64, 64 + 64)],
  [
    'disk.vhdx',
    ['-O', 'vhdx', '-o', 'block_size=1M'],
    (bytes: Buffer) => bytes.fill(0, vhdxBat(bytes), vhdxBat(bytes) + 128),
  ],
  ['disk.vmdk', ['-O', 'vmdk'], wipeGrainTable],
  ['zeroed.vmdk', ['-O', 'vmdk', '-o', 'zeroed_grain=on'], wipeGrainTable],
] as const

function wipeGrainTable(bytes: Buffer): void {
  for (const directoryAt of [48, 56]) {
    const tableAt = bytes.readUInt32LE(Number(bytes.readBigUInt64LE(directoryAt)) * 512) * 512
    bytes.fill(0, tableAt, tableAt + 2048)
  }
}

function vhdxBat(bytes: Buffer): number {
  const entry = bytes.indexOf(Buffer.from('6677c22d23f600429d64115e9bfd4a08', 'hex'))
  return Number(bytes.readBigUInt64LE(entry + 16))
}

describe.skipIf(!requires('qemu-img'))('the check', () => {
  test.each(wipes)('a wiped table is possibly lost data, not room: %s', async (name, args, wipe) => {
    await using place = await tempPlace()
    const path = await make(place, name, args)
    const report = await check(await changed(path, (bytes) => void wipe(bytes)))
    expect(ids(report)).toContainEqual(expect.stringMatching(/-lost-data$/u))
    expect(report.totals.leaks).toBe(0)
    expect(report.totals.corruptions).toBeGreaterThan(0)
  })

  test.each(kinds)('finds nothing in a clean %s', async (name, args) => {
    await using place = await tempPlace()
    const report = await check(await make(place, name, args))
    expect(report.findings).toEqual([])
    expect(report.isComplete).toBe(true)
    expect(report.checked.length).toBeGreaterThan(0)
  })

  test('says of a raw disk that there is nothing to check', async () => {
    await using place = await tempPlace()
    await make(place, 'dynamic.vhd', ['-O', 'vpc'])
    expect(await check(place.file('dynamic.vhd.raw'))).toMatchObject({
      checked: [],
      isComplete: true,
      totals: { corruptions: 0, leaks: 0, remarks: 1 },
    })
  })

  test('VHD: shared blocks, blocks outside the file, lost blocks, footers', async () => {
    await using place = await tempPlace()
    const path = await make(place, 'disk.vhd', ['-O', 'vpc'])
    const tableAt = Number((await readFile(path)).readBigUInt64BE(512 + 16))
    const shared = await changed(path, (bytes) => bytes.copy(bytes, tableAt + 16, tableAt, tableAt + 4))
    expect(ids(await check(shared))).toEqual(['vhd-overlap', 'vhd-lost-data'])
    const outside = await changed(path, (bytes) => bytes.writeUInt32BE(0x7fff_ffff, tableAt))
    expect(ids(await check(outside))).toEqual(['vhd-beyond-file', 'vhd-lost-data'])
    const onTable = await changed(path, (bytes) => bytes.writeUInt32BE(1, tableAt))
    expect(ids(await check(onTable))).toEqual(['vhd-overlap', 'vhd-lost-data'])
    const lost = await changed(path, (bytes) => bytes.writeUInt32BE(0xffff_ffff, tableAt))
    const report = await check(lost)
    expect(ids(report)).toEqual(['vhd-lost-data'])
    expect(report.totals).toMatchObject({ corruptions: 1, leaks: 0, leakedBytes: 0 })
    const noCopy = await changed(path, (bytes) => bytes.fill(0, 0, 512))
    expect(ids(await check(noCopy))).toEqual(['vhd-footer-copy-damaged'])
    const differs = await changed(path, (bytes) => {
      bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100)
      bytes.writeUInt32BE(checksum(bytes.subarray(0, 512)), 64)
    })
    expect(ids(await check(differs))).toEqual(['vhd-footers-differ'])
    const noFooter = await changed(path, (bytes) => bytes.fill(0, bytes.length - 512))
    expect(ids(await check(noFooter))).toEqual(['vhd-footer-copy-used'])
  })

  test('VDI: shared blocks, blocks outside the file, a wrong count, as qemu-img check says', async () => {
    await using place = await tempPlace()
    const path = await make(place, 'disk.vdi', ['-O', 'vdi'])
    const mapAt = (await readFile(path)).readUInt32LE(340)
    const qemu = async (image: string) => {
      const { stdout } = await runTool('qemu-img', ['check', '-f', 'vdi', '--output=json', image])
      return (JSON.parse(stdout) as { corruptions?: number }).corruptions ?? 0
    }
    const shared = await changed(path, (bytes) => bytes.copy(bytes, mapAt + 36, mapAt, mapAt + 4))
    expect(ids(await check(shared))).toEqual(['vdi-overlap', 'vdi-lost-data'])
    expect(await qemu(shared)).toBeGreaterThan(0)
    const outside = await changed(path, (bytes) => bytes.writeUInt32LE(500, mapAt))
    expect(ids(await check(outside))).toEqual(['vdi-beyond-file', 'vdi-lost-data'])
    expect(await qemu(outside)).toBeGreaterThan(0)
    const miscounted = await changed(path, (bytes) => bytes.writeUInt32LE(7, 388))
    expect(ids(await check(miscounted))).toEqual(['vdi-allocated-count'])
    expect(await qemu(miscounted)).toBe(1)
  })

  test('VMDK: shared grains, grains outside the file, copies that differ', async () => {
    await using place = await tempPlace()
    const path = await make(place, 'disk.vmdk', ['-O', 'vmdk'])
    const image = await readFile(path)
    const directoryAt = Number(image.readBigUInt64LE(56)) * 512
    const tableAt = image.readUInt32LE(directoryAt) * 512
    const shared = await changed(path, (bytes) => bytes.copy(bytes, tableAt + 4, tableAt, tableAt + 4))
    expect(ids(await check(shared))).toEqual(['vmdk-overlap', 'vmdk-lost-data', 'vmdk-copies-differ'])
    const outside = await changed(path, (bytes) => bytes.writeUInt32LE(0x00ff_ffff, tableAt))
    expect(ids(await check(outside))).toEqual(['vmdk-beyond-file', 'vmdk-lost-data', 'vmdk-copies-differ'])
    const onHeader = await changed(path, (bytes) => bytes.writeUInt32LE(2, tableAt))
    expect(ids(await check(onHeader))).toEqual(['vmdk-overlap', 'vmdk-lost-data', 'vmdk-copies-differ'])
  })

  test('VHDX: shared blocks, blocks outside the file, states that may not be', async () => {
    await using place = await tempPlace()
    const path = await make(place, 'disk.vhdx', ['-O', 'vhdx', '-o', 'block_size=1M'])
    const image = await readFile(path)
    const batAt = vhdxBat(image)
    const shared = await changed(path, (bytes) => bytes.copy(bytes, batAt + 72, batAt, batAt + 8))
    expect(ids(await check(shared))).toEqual(['vhdx-overlap'])
    const outside = await changed(path, (bytes) => bytes.writeBigUInt64LE((5000n << 20n) | 6n, batAt))
    expect(ids(await check(outside))).toEqual(['vhdx-beyond-file'])
    const state = await changed(path, (bytes) => bytes.writeUInt8(4, batAt + 8))
    expect(ids(await check(state))).toEqual(['vhdx-bat-state'])
  })

  test('Parallels: shared clusters, clusters outside the file, lost ones, as qemu-img check says', async () => {
    await using place = await tempPlace()
    const path = await make(place, 'disk.hds', ['-O', 'parallels'])
    const shared = await changed(path, (bytes) => bytes.copy(bytes, 64 + 36, 64, 68))
    expect(ids(await check(shared))).toEqual(['parallels-overlap', 'parallels-lost-data'])
    const outside = await changed(path, (bytes) => bytes.writeUInt32LE(0x00ff_ffff, 64))
    expect(ids(await check(outside))).toEqual(['parallels-beyond-file', 'parallels-lost-data'])
    const grown = `${path}.grown.hds`
    await copyFile(path, grown)
    await truncate(grown, (await readFile(path)).length + 2 * MiB)
    const report = await check(grown)
    expect(ids(report)).toEqual(['parallels-unused'])
    const { stdout } = await runTool('qemu-img', ['check', '-f', 'parallels', '--output=json', grown])
    expect(report.totals.leaks).toBe((JSON.parse(stdout) as { leaks?: number }).leaks)
  })
})

/** Ones' complement of the sum of all bytes but the checksum itself. */
function checksum(footer: Buffer): number {
  let sum = 0
  for (const [index, byte] of footer.entries()) if (index < 64 || index >= 68) sum += byte
  return ~sum >>> 0
}
