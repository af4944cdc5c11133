import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRuns, findAttribute, readFileRecord } from './ntfs-records.ts'

test('runs step forward, backward and over holes', () => {
  const list = Uint8Array.of(0x21, 0x18, 0x34, 0x56, 0x11, 0x08, 0xf0, 0x01, 0x05, 0x11, 0x02, 0x10, 0x00)
  expect(decodeRuns(list)).toEqual([
    { cluster: 0x5634, clusters: 24 },
    { cluster: 0x5624, clusters: 8 },
    { cluster: null, clusters: 5 },
    { cluster: 0x5634, clusters: 2 },
  ])
})

test.each([
  ['no end', [0x11, 0x01, 0x05]],
  ['cut short', [0x44, 0x01]],
  ['no count', [0x10, 0x05, 0x00]],
  ['before the volume', [0x11, 0x01, 0xf0, 0x00]],
])('%s is no list of runs', (_, bytes) => {
  expect(decodeRuns(Uint8Array.from(bytes))).toBeNull()
})

test('random records give null or an attribute inside them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1024, maxLength: 1024 }), fc.nat(255), (bytes, type) => {
      bytes.set(new TextEncoder().encode('FILE'))
      bytes.set([48, 0, 3, 0], 4)
      for (const at of [510, 1022]) bytes.set(bytes.subarray(48, 50), at)
      const record = readFileRecord(bytes, 0, 1024)
      expect(record).not.toBeNull()
      const attribute = findAttribute(record!, type)
      if (attribute?.kind === 'resident') expect(attribute.value.length).toBeLessThan(1024)
    }),
  )
})

test('a record whose sectors were not all written is none', () => {
  const bytes = new Uint8Array(1024)
  bytes.set(new TextEncoder().encode('FILE'))
  bytes.set([48, 0, 3, 0], 4)
  bytes.set([7, 0], 48)
  bytes.set([7, 0], 510)
  bytes.set([6, 0], 1022)
  expect(readFileRecord(bytes, 0, 1024)).toBeNull()
})
