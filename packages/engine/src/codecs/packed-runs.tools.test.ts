import { execFileSync } from 'node:child_process'
import { requires } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { nodeCodecs } from './node-codecs.ts'
import { xzSizes } from './xz-sizes.ts'

/** 600,000 bytes of which the first half does not compress. */
const content = Buffer.alloc(600_000)
for (let at = 0, word = 1; at < 300_000; at += 4) {
  word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0
  content.writeUInt32LE(word, at)
}

const pack = (tool: string, args: readonly string[] = []): Buffer =>
  execFileSync(tool, [...args, '-c'], { input: content, maxBuffer: 1e8 })

describe.skipIf(!requires('bzip2'))('bzip2', () => {
  test('gives back what bzip2 packed, never more than asked for', async () => {
    const packed = pack('bzip2')
    expect(Buffer.compare((await nodeCodecs.bzip2?.(packed, content.length)) ?? packed, content)).toBe(0)
    await expect(nodeCodecs.bzip2?.(packed, content.length - 1)).rejects.toThrow('-8')
  })

  test('any changed byte is refused, and the next call works', async () => {
    const packed = pack('bzip2')
    for (let at = 0; at < packed.length - 10; at += 20_011) {
      const damaged = Buffer.from(packed)
      damaged[at] = (damaged[at] ?? 0) ^ 0x10
      await expect(nodeCodecs.bzip2?.(damaged, content.length)).rejects.toThrow()
    }
    expect((await nodeCodecs.bzip2?.(packed, content.length))?.length).toBe(content.length)
  })
})

describe.skipIf(!requires('xz'))('xz', () => {
  test.each([[[]], [['-0']], [['--check=sha256']], [['--block-size=100000']], [['-9e', '--check=none']]])(
    'gives back what xz %j packed, never more than asked for',
    async (args) => {
      const packed = pack('xz', args)
      expect(xzSizes(packed).unpacked).toBe(content.length)
      expect(Buffer.compare((await nodeCodecs.xz?.(packed, content.length)) ?? packed, content)).toBe(0)
      await expect(nodeCodecs.xz?.(packed, content.length - 1)).rejects.toThrow('more than')
    },
  )

  test('the dictionary is known before it is made', () => {
    expect(xzSizes(pack('xz', ['-6'])).dictionary).toBe(8 * 1024 ** 2)
    expect(xzSizes(pack('xz', ['-9'])).dictionary).toBe(64 * 1024 ** 2)
  })

  test('a dictionary beyond the limit, another filter and a second stream are refused', async () => {
    const large = pack('xz', ['--lzma2=dict=128MiB'])
    await expect(nodeCodecs.xz?.(large, content.length)).rejects.toThrow('dictionary')
    await expect(nodeCodecs.xz?.(pack('xz', ['--x86', '--lzma2']), content.length)).rejects.toThrow('filter')
    const two = Buffer.concat([pack('xz'), pack('xz')])
    await expect(nodeCodecs.xz?.(two, content.length)).rejects.toThrow('does not end')
  })

  test('cut short or changed anywhere, it is refused', async () => {
    const packed = pack('xz')
    for (let at = 0; at < packed.length; at += 30_011) {
      await expect(nodeCodecs.xz?.(packed.subarray(0, at), content.length)).rejects.toThrow()
      const damaged = Buffer.from(packed)
      damaged[at] = (damaged[at] ?? 0) ^ 0x10
      await expect(nodeCodecs.xz?.(damaged, content.length)).rejects.toThrow()
    }
  })
})
