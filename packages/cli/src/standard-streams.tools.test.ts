import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const command = resolve(import.meta.dirname, '../bin/varve.mjs')
const MiB = 2 ** 20

function diskBytes(): Buffer {
  const bytes = Buffer.alloc(9 * MiB + 512)
  bytes.fill(5, 2 * MiB, 3 * MiB)
  bytes.fill(9, bytes.length - 4)
  return bytes
}

describe('a raw disk on standard input and output', () => {
  const bytes = diskBytes()
  let place: TempPlace
  let digest: string

  async function varve(input: Uint8Array | undefined, ...args: string[]) {
    const options = { reject: false, cwd: place.path, encoding: 'buffer', stripFinalNewline: false } as const
    const given = input === undefined ? ({ stdin: 'ignore' } as const) : { input }
    const { exitCode, stdout, stderr } = await execa(process.execPath, [command, ...args], {
      ...options,
      ...given,
    })
    return { exitCode, out: Buffer.from(stdout), stderr: Buffer.from(stderr).toString() }
  }

  const jsonOf = ({ out }: { readonly out: Buffer }): unknown => JSON.parse(out.toString())
  const hidden = async () => (await readdir(place.path)).filter((name) => name.startsWith('.'))

  beforeAll(async () => {
    place = await tempPlace()
    await writeFile(place.file('disk.raw'), bytes)
    digest = (await digestDisk({ kind: 'image', path: place.file('disk.raw'), roots: null, format: 'raw' }))
      .digest
  })
  afterAll(() => place[Symbol.asyncDispose]())

  test('is converted to an image that is proven to hold what came, and back', async () => {
    const written = await varve(bytes, 'convert', '-', 'new.qcow2', '--json', '--size', String(bytes.length))
    expect(written.exitCode).toBe(0)
    expect(jsonOf(written)).toMatchObject({
      format: 'qcow2',
      digest,
      virtualSize: bytes.length,
      verified: true,
    })
    expect(await hidden()).toEqual([])
    const back = await varve(undefined, 'convert', 'new.qcow2', '-')
    expect(back).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('digest') })
    expect(back.out.equals(bytes)).toBe(true)
  })

  test('a stream that comes in small pieces is the same disk', async () => {
    const child = spawn(process.execPath, [command, 'digest', '-', '--json', '--sha256'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    for (let at = 0; at < bytes.length; at += 1_000_003) child.stdin.write(bytes.subarray(at, at + 1_000_003))
    child.stdin.end()
    await once(child, 'close')
    expect(JSON.parse(said)).toMatchObject({
      digest,
      virtualSize: bytes.length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/u),
    })
  })

  test('is compared with an image on either side', async () => {
    const same = await varve(bytes, 'compare', '-', 'disk.raw', '--json')
    expect(jsonOf(same)).toMatchObject({
      identical: true,
      virtualSizes: [bytes.length, bytes.length],
      firstDifference: null,
      tail: null,
    })
    const changed = Buffer.concat([bytes, Buffer.alloc(MiB)])
    const longer = await varve(changed, 'compare', 'disk.raw', '-', '--json')
    expect(longer.exitCode).toBe(1)
    expect(jsonOf(longer)).toMatchObject({
      virtualSizes: [bytes.length, changed.length],
      firstDifference: bytes.length,
      tail: 'zeros',
    })
    changed[7 * MiB] = 1
    const different = await varve(changed.subarray(0, bytes.length), 'compare', '-', 'disk.raw', '--json')
    expect(jsonOf(different)).toMatchObject({ identical: false, firstDifference: 7 * MiB, tail: null })
  })

  test.each<[string, Uint8Array, readonly string[], string]>([
    ['one that ends before its size', bytes, ['--size', '1G'], 'truncated'],
    ['one that goes on behind it', bytes, ['--size', '1M'], 'refused'],
    ['one that has nothing in it', new Uint8Array(0), [], 'refused'],
    ['a target that is there', bytes, [], 'target-exists'],
  ])('%s is refused, and nothing is left', async (_, input, args, code) => {
    await writeFile(place.file('there.qcow2'), 'mine')
    const target = code === 'target-exists' ? 'there.qcow2' : 'never.qcow2'
    const said = await varve(input, 'convert', '-', target, ...args, '--json')
    expect(jsonOf(said)).toMatchObject({
      error: { code, layer: expect.any(String), remedy: expect.any(String) },
    })
    expect(await hidden()).toEqual([])
    expect(await readFile(place.file('there.qcow2'), 'utf8')).toBe('mine')
    await expect(stat(place.file('never.qcow2'))).rejects.toThrow('ENOENT')
  })

  test('an image on standard input is taken for one when that is said, and asked for when not', async () => {
    await varve(undefined, 'convert', 'disk.raw', 'image.qcow2', '-f', 'raw')
    const image = await readFile(place.file('image.qcow2'))
    const asked = await varve(image, 'convert', '-', 'x.raw', '--json')
    expect(jsonOf(asked)).toMatchObject({
      error: { code: 'refused', file: 'standard input', remedy: expect.stringContaining('-f qcow2') },
    })
    expect(jsonOf(await varve(image, 'convert', '-', 'x.raw', '-f', 'qcow2', '--json'))).toMatchObject({
      digest,
    })
  })

  test('a reader that has seen enough ends it without a word', async () => {
    const child = spawn(process.execPath, [command, 'convert', '-f', 'raw', place.file('disk.raw'), '-'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stdout.once('data', () => child.stdout.destroy())
    const [exitCode] = (await once(child, 'close')) as [number]
    expect(exitCode).toBe(141)
    expect(said).not.toContain('EPIPE')
  })

  test('what standard output has no place for is wrong use, and nothing is sent', async () => {
    for (const stray of [['--json'], ['-O', 'qcow2'], ['--plan'], ['--force']]) {
      const { exitCode, out } = await varve(undefined, 'convert', 'disk.raw', '-', ...stray)
      expect(exitCode).toBe(2)
      if (stray[0] !== '--json') expect(out.length).toBe(0)
    }
  })
})
