import { expect, test } from 'vitest'
import { z } from 'zod'
import { jobRequest, migrationFacts } from './payload-kinds.ts'
import { decodePayload, encodePayload, type PayloadKind } from './payload.ts'

const disk: PayloadKind<{ bytes: number; name: string }> = {
  name: 'disk',
  version: 3,
  schema: z.object({ bytes: z.number(), name: z.string() }),
  upcasters: {
    1: (data) => ({ ...z.object({ mib: z.number() }).parse(data), name: 'unnamed' }),
    2: (data) => {
      const { mib, name } = z.object({ mib: z.number(), name: z.string() }).parse(data)
      return { bytes: mib * 1024 ** 2, name }
    },
  },
}

test('a payload comes back as it was', () => {
  expect(decodePayload(disk, encodePayload(disk, { bytes: 1, name: 'a' }))).toEqual({ bytes: 1, name: 'a' })
})

test('an older payload is brought up one version at a time', () => {
  expect(decodePayload(disk, '{"version":1,"data":{"mib":2}}')).toEqual({
    bytes: 2 * 1024 ** 2,
    name: 'unnamed',
  })
  expect(decodePayload(disk, '{"version":2,"data":{"mib":1,"name":"b"}}')).toEqual({
    bytes: 1024 ** 2,
    name: 'b',
  })
})

test('what was kept before kinds could be chosen is of the usual one', () => {
  const pull = {
    kind: 'pull',
    pullId: 'p1',
    endpoint: { host: 'north', port: 10809, exportName: 'a-token-that-nobody-guesses' },
    target: { library: 'images', name: 'a.vhd' },
    format: 'vhd',
    compression: 'none',
  }
  const kept = JSON.stringify({ version: 1, data: pull })
  expect(decodePayload(jobRequest, kept)).toEqual({ ...pull, subformat: null })
})

test('an old migration keeps what it said of its copy', () => {
  const facts = {
    request: { image: 'i', targetHost: 'south', targetLibrary: 'images', name: 'a.qcow2', format: 'qcow2' },
    accepted: [],
    warnings: [],
    sourceFormat: 'raw',
    virtualSize: 64,
    dataBytes: 10,
    sourceDigest: null,
    targetDigest: null,
    verified: false,
    error: null,
    aftermath: null,
    undoFailed: [],
    waitingFor: [],
  }
  const read = (old: object) =>
    decodePayload(migrationFacts, JSON.stringify({ version: 1, data: { ...facts, ...old } }))
  expect(read({ transferredBytes: 12, averageRate: 4 })).toMatchObject({
    copyBytes: 12,
    copied: { done: 12, total: 12, zeros: 0, seconds: 3, fileSize: null, chunkMap: null },
    readBack: null,
  })
  expect(read({ transferredBytes: null, averageRate: null })).toMatchObject({ copied: null, copyBytes: null })
})

test.each([
  ['a newer version', '{"version":4,"data":{}}', 'newer controller'],
  ['a version without an upcaster', '{"version":0,"data":{}}', 'cannot be read'],
  ['another shape', '{"version":3,"data":{"bytes":"1"}}', 'bytes'],
])('%s is refused', (_, text, reason) => {
  expect(() => decodePayload(disk, text)).toThrow(reason)
})
