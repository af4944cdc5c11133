import { describe, expect, test } from 'vitest'
import { decodeName, escapeName, isSkippedName } from '@varve/engine/files/file-names'
import { isPartFileName, partFileName } from './part-file.ts'

describe('names as the host keeps them', () => {
  test.each([
    'web01.vmdk',
    'a\nb.raw',
    'a"b\'c',
    'json:{}',
    'nbd:unix:x',
    '\uFEFFmark',
    'Ünïcode 漢字 😀',
    '\uFFFD',
  ])('%j comes through unchanged', (name) => {
    expect(decodeName(Buffer.from(name))).toBe(name)
    expect(escapeName(Buffer.from(name))).toBe(name)
  })

  test.each([
    [[0x61, 0xff, 0x62], 'a\\xffb'],
    [[0xc3], '\\xc3'],
    [[0xc0, 0xaf], '\\xc0\\xaf'],
    [[0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
    [[0xf4, 0x90, 0x80, 0x80], '\\xf4\\x90\\x80\\x80'],
    [[0xe6, 0xbc, 0xa2, 0xfe], '漢\\xfe'],
  ])('%j is not UTF-8 and is shown as %s', (bytes, shown) => {
    expect(decodeName(Uint8Array.from(bytes))).toBeNull()
    expect(escapeName(Uint8Array.from(bytes))).toBe(shown)
  })

  test('hidden and unfinished files are skipped', () => {
    expect(['.x', '.web.pull.part', 'copy.part'].map(isSkippedName)).toEqual([true, true, true])
    expect(['x', 'part', 'a.part.raw'].map(isSkippedName)).toEqual([false, false, false])
  })
})

describe('part files', () => {
  test('are hidden, name their image and their pull, and are known again', () => {
    const name = partFileName('web01.qcow2', 'aB_-9')
    expect(name).toBe('.web01.qcow2.aB_-9.part')
    expect(isPartFileName(name)).toBe(true)
    expect(isPartFileName('.profile')).toBe(false)
  })

  test.each(['', '../x', 'a/b', 'a.b', 'x'.repeat(65), 'a\nb'])(
    'the id %j cannot be part of a name',
    (id) => {
      expect(() => partFileName('web01', id)).toThrow()
    },
  )
})
