import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { tempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'

const command = resolve(import.meta.dirname, '../bin/varve.mjs')
const disk = Buffer.alloc(9 * 1024 ** 2)
for (let at = 0, word = 7; at < 5_000_000; at += 4) {
  word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0
  disk.writeUInt32LE(word, at)
}
mbrSector(disk.length).copy(disk)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('varve on packed and foreign files', () => {
  test('a packed image is read by every command, and leaves no temporary file', async () => {
    await using place = await tempPlace()
    await using temporary = await tempPlace()
    const varve = (...args: readonly string[]) =>
      execa(process.execPath, [command, ...args], { reject: false, env: { TMPDIR: temporary.path } })
    await writeFile(place.file('a.img'), disk)
    await writeFile(place.file('a.img.gz'), gzipSync(disk, { level: 1 }))
    await writeFile(place.file('a.raw.zst'), zstdCompressSync(disk))
    for (const name of ['a.img.gz', 'a.raw.zst']) {
      const info = JSON.parse((await varve('info', '--json', place.file(name))).stdout) as Record<
        string,
        unknown
      >
      expect(info).toMatchObject({
        format: 'raw',
        virtualSize: disk.length,
        fileSize: (await readFile(place.file(name))).length,
        problems: [{ id: 'packed-image', severity: 'info' }],
      })
      const { stdout } = await varve('digest', '--sha256', '--json', place.file(name))
      expect(JSON.parse(stdout)).toMatchObject({ sha256: sha256(disk), virtualSize: disk.length })
      expect((await varve('compare', place.file(name), place.file('a.img'))).exitCode).toBe(0)
    }
    const converted = await varve('convert', place.file('a.img.gz'), place.file('b.qcow2'), '--json')
    expect(converted.exitCode, converted.stderr).toBe(0)
    expect((await varve('compare', place.file('b.qcow2'), place.file('a.raw.zst'))).exitCode).toBe(0)
    await writeFile(place.file('cut.img.gz'), gzipSync(disk, { level: 1 }).subarray(0, -2000))
    const cut = await varve('convert', place.file('cut.img.gz'), place.file('c.qcow2'))
    expect(cut).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('cut short') })
    expect((await readdir(place.path)).toSorted()).toEqual([
      'a.img',
      'a.img.gz',
      'a.raw.zst',
      'b.qcow2',
      'cut.img.gz',
    ])
    expect(await readdir(temporary.path)).toEqual([])
  }, 120_000)

  test('what is no disk is converted when that is accepted by name only', async () => {
    await using place = await tempPlace()
    const varve = (...args: readonly string[]) =>
      execa(process.execPath, [command, ...args], { reject: false })
    const archive = Buffer.concat([
      Buffer.from('377abcaf271c0004', 'hex'),
      disk.subarray(512, 512 + 390 * 512 - 8),
    ])
    await writeFile(place.file('a.img'), archive)
    const refused = await varve('convert', place.file('a.img'), place.file('b.qcow2'))
    expect(refused).toMatchObject({ exitCode: 10, stderr: expect.stringContaining('a 7-Zip archive') })
    expect(refused.stderr).toContain('--accept foreign-file')
    const other = await varve(
      'convert',
      place.file('a.img'),
      place.file('b.qcow2'),
      '--accept',
      'raw-unrecognised',
    )
    expect(other.exitCode).toBe(10)
    const accepted = await varve(
      'convert',
      place.file('a.img'),
      place.file('b.qcow2'),
      '--accept',
      'foreign-file',
    )
    expect(accepted.exitCode, accepted.stderr).toBe(0)
  }, 120_000)
})
