import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, truncate, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'

const command = resolve(import.meta.dirname, '../bin/varve.mjs')
const mib = 1024 * 1024

const varve = (...args: readonly string[]) =>
  execa(process.execPath, [command, ...args], { reject: false, stdin: 'ignore' })

interface Document {
  readonly findings: readonly { readonly id: string; readonly file: string }[]
}

describe('what a file is taken for is said by every command that reads it', () => {
  test.each([
    ['a.pdf.img', 'foreign-file', Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(mib, 7)])],
    ['noise.raw', 'raw-unrecognised', Buffer.alloc(mib, 0xa7)],
    ['archive.gz.img', 'foreign-file', gzipSync(Buffer.from(`%PDF-1.7\n${'text '.repeat(1000)}`))],
  ])('%s: %s', async (name, id, bytes) => {
    await using place = await tempPlace()
    const path = place.file(name)
    await writeFile(path, bytes)
    for (const args of [
      ['digest', path],
      ['compare', path, path],
    ]) {
      const { stdout, stderr, exitCode } = await varve(...args, '--json')
      expect(exitCode, stderr).toBe(0)
      expect((JSON.parse(stdout) as Document).findings).toContainEqual(
        expect.objectContaining({ id, file: path }),
      )
      expect(stderr).toMatch(/not a raw disk|Nothing tells that this is a disk/u)
    }
    const map = await varve('map', path, '--json')
    expect(Array.isArray(JSON.parse(map.stdout))).toBe(true)
    expect(map.stderr).toMatch(/not a raw disk|Nothing tells that this is a disk/u)
    const accepted = await varve('digest', path, '--json', '--accept', id)
    expect((JSON.parse(accepted.stdout) as Document).findings).toEqual([])
  })

  test('nothing is said of a disk', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('blank.raw'), Buffer.alloc(mib))
    expect(await varve('digest', place.file('blank.raw'))).toMatchObject({ exitCode: 0, stderr: '' })
  })
})

describe.skipIf(!requires('qemu-img', 'qemu-io'))('a rescue', () => {
  test('says which bytes it could not read, in every thread', async () => {
    await using place = await tempPlace()
    const [raw, path] = [place.file('a.raw'), place.file('a.qcow2')]
    await writeFile(raw, Buffer.alloc(24 * mib, 'compressible '))
    await runToolOk('qemu-img', ['convert', '-q', '-c', '-f', 'raw', '-O', 'qcow2', raw, path])
    const map = JSON.parse(await runToolOk('qemu-img', ['map', '--output=json', path])) as readonly {
      readonly start: number
      readonly length: number
    }[]
    expect(map.length).toBeGreaterThan(0)
    const handle = await open(path, 'r+')
    // Two clusters, far from each other: their places are in the one L2 table.
    const { buffer: head } = await handle.read(Buffer.alloc(64), 0, 64, 0)
    const { buffer: l1 } = await handle.read(Buffer.alloc(8), 0, 8, Number(head.readBigUInt64BE(40)))
    const l2 = Number(l1.readBigUInt64BE() & 0x00ff_ffff_ffff_fe00n)
    for (const cluster of [3, 200]) {
      const { buffer: entry } = await handle.read(Buffer.alloc(8), 0, 8, l2 + cluster * 8)
      const at = Number(entry.readBigUInt64BE() & ((1n << 54n) - 1n))
      await handle.write(Buffer.alloc(16, 0xff), 0, 16, at)
    }
    await handle.close()
    expect((await varve('digest', path)).exitCode).toBe(3)
    const zeroed = [
      {
        file: path,
        bytes: 2 * 65_536,
        ranges: [3, 200].map((cluster) => ({ start: cluster * 65_536, end: (cluster + 1) * 65_536 })),
      },
    ]
    const target = place.file('b.raw')
    for (const args of [
      ['digest', path],
      ['convert', path, target],
      ['compare', path, target],
    ]) {
      const { stdout, stderr, exitCode } = await varve(...args, '--rescue', '--json')
      expect(exitCode, stderr).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ rescue: { proven: false, zeroed } })
      expect(stderr).toContain('128 KiB')
      expect(stderr).toContain('196,608 to 262,143, 13,107,200 to 13,172,735')
    }
  })
})

describe.skipIf(process.platform === 'win32')('standard output that its reader closes', () => {
  test.each([
    ['map', []],
    ['check', []],
    ['info', []],
    ['digest', []],
    ['check', ['--json']],
    ['nonsense', ['--json']],
    ['--help', []],
  ])('varve %s %j ends without a word, as by SIGPIPE', async (name, more) => {
    await using place = await tempPlace()
    const path = place.file('a.raw')
    await writeFile(path, '')
    await truncate(path, mib)
    const child = spawn(process.execPath, [command, name, ...(name === '--help' ? [] : [path]), ...more], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.destroy()
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    expect(code).toBe(141)
    if (name !== 'nonsense') expect(said).toBe('')
  })
})
