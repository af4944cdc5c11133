import { describe, expect, test } from 'vitest'
import { memorySource } from '../binary/byte-source.ts'
import { noFacts } from '../image/facts-or-problem.ts'
import type { FormatName } from '../image/format-rules.ts'
import type { ContentMark, ImageFacts } from '../image/image-facts.ts'
import type { FileFingerprint, ImageFile } from '../image/image-files.ts'
import { linkRemarks } from './link-remarks.ts'
import { newerParent } from '../image/newer-parent.ts'

function image(
  path: string,
  fingerprint: Partial<FileFingerprint> = {},
  bytes: Uint8Array = new Uint8Array(4096),
): ImageFile {
  return {
    path,
    source: memorySource(bytes, path),
    allocated: bytes.length,
    fingerprint: { size: bytes.length, modifiedMs: 1000, changedMs: 1000, inode: path, ...fingerprint },
    async [Symbol.asyncDispose]() {},
  }
}

const magics: Partial<Record<FormatName, readonly number[]>> = {
  qcow2: [0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3],
  vmdk: [0x4b, 0x44, 0x4d, 0x56],
}

function starting(format: FormatName | null): Uint8Array {
  const bytes = new Uint8Array(4096)
  bytes.set(format === null ? [] : (magics[format] ?? []))
  return bytes
}

describe('a parent whose file is newer', () => {
  const child = image('/child')
  test.each([
    ['older', { modifiedMs: 999 }, null],
    ['of the same time', { modifiedMs: 1000 }, null],
    ['copied together with it', { modifiedMs: 1001, createdMs: 1500 }, null],
    ['written in its place at once', { modifiedMs: 1001, createdMs: 500 }, 'warn'],
    ['written in its place', { modifiedMs: 2000, createdMs: 500 }, 'warn'],
    ['that came there later', { modifiedMs: 2000, createdMs: 1500 }, 'info'],
    ['of which nobody knows when it came', { modifiedMs: 2000, createdMs: null }, 'info'],
  ])('%s', (_what, fingerprint, severity) => {
    const found = newerParent(child, image('/parent', fingerprint))
    expect(found?.severity ?? null).toBe(severity)
    if (found) expect(found).toMatchObject({ id: 'parent-newer', file: '/child' })
  })

  test('of a device says nothing', () => {
    expect(newerParent(child, { ...image('/dev/vg/base', { modifiedMs: 2000 }), allocated: null })).toBeNull()
  })
})

describe('what child and parent say about each other', () => {
  const newer = { modifiedMs: 2000, createdMs: 500 }
  const uuid = (name: string): ContentMark => ({ kind: 'uuid', uuid: name })
  const time = (ms: number): ContentMark => ({ kind: 'time', ms })

  async function remarks(
    kept: ContentMark | undefined,
    found: ContentMark | undefined,
    format: FormatName = 'vdi',
  ) {
    const child = { file: image('/child'), facts: noFacts(format) }
    const parent = { file: image('/parent', newer), facts: { ...noFacts(format), content: found } }
    const reference = { names: ['parent'], format, identity: null, content: kept }
    return (await linkRemarks(child, parent, reference)).map(({ id, severity }) => `${severity} ${id}`)
  }

  test.each([
    ['another modification UUID', uuid('a'), uuid('b'), 'warn parent-written'],
    ['the same in capitals', uuid('a'), uuid('A'), null],
    ['none kept', undefined, uuid('a'), null],
    ['a later time than the one kept', time(5), time(6), 'warn parent-newer'],
  ])('%s', async (_what, kept, found, said) => {
    expect(await remarks(kept, found)).toEqual(said === null ? [] : [said])
  })

  test('the time of the file counts only where the format keeps nothing better', async () => {
    expect(await remarks(time(6), time(5), 'vhd')).toEqual(['warn parent-newer'])
    expect(await remarks(undefined, undefined, 'qcow2')).toContain('warn parent-newer')
    expect(await remarks(undefined, undefined, 'vhdx')).toEqual([])
  })

  const ofFormat = async (
    said: FormatName | null,
    is: FormatName | null,
    childFormat: FormatName = 'qcow2',
  ) => {
    const facts: ImageFacts = noFacts(said ?? 'raw')
    const reference = { names: ['parent'], format: said, identity: null }
    return await linkRemarks(
      { file: image('/child'), facts: noFacts(childFormat) },
      { file: image('/parent', {}, starting(is)), facts },
      reference,
    )
  }

  test.each([
    ['raw', 'qcow2', true],
    ['raw', 'vmdk', true],
    ['qcow2', null, undefined],
    ['qcow2', 'vmdk', undefined],
  ] as const)('a backing file said to be %s that is %s', async (said, is, asks) => {
    const [remark, ...others] = await ofFormat(said, is)
    expect(others).toEqual([])
    expect(remark).toMatchObject({ id: 'parent-format-differs', severity: 'warn' })
    expect(remark?.asks).toBe(asks)
  })

  test.each([
    ['packed', [0x1f, 0x8b, 8, 0], 'a file packed by gzip'],
    ['no disk', [0x25, 0x50, 0x44, 0x46, 0x2d], 'a PDF document'],
  ] as const)('a backing file said to be raw that is %s asks, and is named', async (_what, start, words) => {
    const bytes = new Uint8Array(4096)
    bytes.set(start)
    const facts = noFacts('raw')
    const found = await linkRemarks(
      { file: image('/child'), facts: noFacts('qcow2') },
      { file: image('/parent', {}, bytes), facts },
      { names: ['parent'], format: 'raw', identity: null },
    )
    expect(found).toMatchObject([{ id: 'parent-format-differs', asks: true }])
    expect(found[0]?.message).toContain(words)
  })

  test.each([
    ['raw', null],
    ['qcow2', 'qcow2'],
    ['vmdk', 'vmdk'],
    [null, 'qcow2'],
  ] as const)('a backing file said to be %s that is %s: nothing', async (said, is) => {
    expect(await ofFormat(said, is)).toEqual([])
  })

  test('an empty backing file said to be raw: nothing', async () => {
    const reference = { names: ['parent'], format: 'raw' as const, identity: null }
    const parent = { file: image('/parent', {}, new Uint8Array()), facts: noFacts('raw') }
    expect(await linkRemarks({ file: image('/child'), facts: noFacts('qcow2') }, parent, reference)).toEqual(
      [],
    )
  })
})
