import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { memorySource, type ByteSource } from '@varve/core/binary/byte-source'
import type { PackingName } from '@varve/core/image/packing'
import { isDiskError } from '@varve/core/problems/disk-error'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { writeFile, readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { unpackSource } from './unpack-source.ts'

/** Noise, text, zeros and runs, so that every way to pack a piece is used. */
const content = Buffer.alloc(2_400_001)
for (let at = 0, word = 1; at < 600_000; at += 4) {
  word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0
  content.writeUInt32LE(at < 200_000 ? word : word % 7, at)
}
content.fill('all that is packed is unpacked ', 600_000, 800_000)
content.fill(0xee, 2_300_000)

const packers: readonly (readonly [PackingName, string, readonly string[]])[] = [
  ['gzip', 'gzip', ['-1']],
  ['gzip', 'gzip', ['-9']],
  ['xz', 'xz', ['-0']],
  ['xz', 'xz', ['-6', '--check=crc32']],
  ['xz', 'xz', ['-6', '--check=sha256', '--block-size=300000']],
  ['xz', 'xz', ['-9e', '--check=none', '-T1']],
  ['xz', 'xz', ['--lzma2=lc=0,lp=4,pb=0,dict=64KiB']],
  ['xz', 'xz', ['--lzma2=lc=4,lp=0,pb=4,dict=4KiB']],
  ['zstd', 'zstd', ['-q', '-1']],
  ['zstd', 'zstd', ['-q', '-19', '--no-check']],
  ['zstd', 'zstd', ['-q', '-3', '--long=27']],
  ['bzip2', 'bzip2', ['-1']],
  ['bzip2', 'bzip2', ['-9']],
]

const pack = (tool: string, args: readonly string[], input: Uint8Array = content): Buffer =>
  execFileSync(tool, [...args, '-c'], { input, maxBuffer: 1e9 })

async function unpack(packed: Uint8Array | ByteSource, packing: PackingName): Promise<Buffer> {
  const pieces: Buffer[] = []
  const source = packed instanceof Uint8Array ? memorySource(packed, '/packed') : packed
  for await (const piece of unpackSource(source, packing)) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe.each(packers)('%s as packed by %s %j', (packing, tool, args) => {
  test.skipIf(!requires(tool))('is whole, one stream and several', async () => {
    const packed = pack(tool, args)
    expect(digest(await unpack(packed, packing))).toBe(digest(content))
    const small = pack(tool, args, Buffer.from('the second'))
    const empty = pack(tool, args, Buffer.alloc(0))
    const all = Buffer.concat([packed, small, empty, packed, Buffer.alloc(512)])
    const expected = Buffer.concat([content, Buffer.from('the second'), content])
    expect(digest(await unpack(all, packing))).toBe(digest(expected))
  })

  test.skipIf(!requires(tool))('cut short anywhere, it is refused by a code', async () => {
    const packed = pack(tool, args, content.subarray(180_000, 640_000))
    const lengths = [
      1,
      5,
      11,
      13,
      40,
      packed.length >> 1,
      packed.length - 13,
      packed.length - 5,
      packed.length - 1,
    ]
    for (const length of lengths) {
      const failure = await unpack(packed.subarray(0, length), packing).then(
        () => null,
        (error: unknown) => error,
      )
      expect(isDiskError(failure) && failure.code, `${length}`).toMatch(
        /^(?:truncated|decompression-failed)$/u,
      )
    }
  })

  test.skipIf(!requires(tool))('damaged anywhere, it is refused by a code or right', async () => {
    const part = content.subarray(180_000, 300_000)
    const packed = pack(tool, args, part)
    for (let at = 4; at < packed.length; at += Math.ceil(packed.length / 16)) {
      const damaged = Buffer.from(packed)
      damaged[at] = (damaged[at] ?? 0) ^ 0x10
      const outcome = await unpack(damaged, packing).catch((error: unknown) => error)
      const hasNoCheck = args.some((each) => /none|no-check/u.test(each))
      if (Buffer.isBuffer(outcome)) expect(hasNoCheck || outcome.equals(part), `${at}`).toBe(true)
      else expect(isDiskError(outcome), `${at}: ${String(outcome)}`).toBe(true)
    }
  })
})

describe('what follows a stream', () => {
  test.each([
    ['gzip', 'gzip'],
    ['xz', 'xz'],
    ['bzip2', 'bzip2'],
    ['zstd', 'zstd'],
  ] as const)('%s: anything but another stream and zeros is damage', async (packing, tool) => {
    if (!requires(tool)) return
    const packed = Buffer.concat([pack(tool, []), Buffer.from('something else that is no stream')])
    const outcome = unpack(packed, packing)
    await expect(outcome).rejects.toMatchObject({ code: 'decompression-failed' })
    if (packing === 'gzip' || packing === 'zstd')
      await expect(outcome).rejects.toThrow(`the ${packing} data ends, and other bytes follow`)
  })

  test('frames of Zstandard that are to be skipped are skipped, wherever they stand', async () => {
    const skipped = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
    const frames = [Buffer.from('one '), Buffer.from('two')].map((bytes) => zstdCompressSync(bytes))
    const [one = skipped, two = skipped] = frames
    const all = Buffer.concat([skipped, one, skipped, skipped, two, skipped])
    expect(String(await unpack(all, 'zstd'))).toBe('one two')
    await expect(unpack(Buffer.concat([one, skipped.subarray(0, 9)]), 'zstd')).rejects.toMatchObject({
      code: 'truncated',
    })
  })
})

test.skipIf(!requires('xz'))(
  'a dictionary and filters beyond what is read are refused before anything is made',
  async () => {
    const large = Buffer.from(pack('xz', ['--lzma2=dict=512MiB'], Buffer.from('x')))
    await expect(unpack(large, 'xz')).rejects.toMatchObject({ code: 'limit-exceeded' })
    await expect(unpack(pack('xz', ['--x86', '--lzma2']), 'xz')).rejects.toMatchObject({
      code: 'unsupported-feature',
    })
  },
)

describe.skipIf(!requires('zip'))('ZIP', () => {
  const zip = async (names: readonly string[], args: readonly string[] = []) => {
    await using place = await tempPlace()
    for (const name of names) await writeFile(place.file(name), content)
    const paths = names.map((name) => place.file(name))
    execFileSync('zip', ['-q', '-j', ...args, place.file('a.zip'), ...paths])
    return await readFile(place.file('a.zip'))
  }

  test.each([[[]], [['-0']], [['-9']], [['-fz']]])('one file, packed by zip %j', async (args) => {
    expect(digest(await unpack(await zip(['disk.img'], args), 'zip'))).toBe(digest(content))
  })

  test('several files, a password, damage and a cut end are refused by a code', async () => {
    await expect(unpack(await zip(['a', 'b']), 'zip')).rejects.toMatchObject({ code: 'unsupported-feature' })
    await expect(unpack(await zip(['a'], ['-P', 'x']), 'zip')).rejects.toMatchObject({ code: 'encrypted' })
    const whole = await zip(['a'])
    await expect(unpack(whole.subarray(0, -30), 'zip')).rejects.toMatchObject({
      code: 'decompression-failed',
    })
    const damaged = Buffer.from(whole)
    damaged[whole.length >> 1] = (damaged[whole.length >> 1] ?? 0) ^ 0xff
    await expect(unpack(damaged, 'zip')).rejects.toMatchObject({ code: 'decompression-failed' })
  })
})
