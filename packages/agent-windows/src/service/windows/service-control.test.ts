import { loadKoffi } from '@varve/engine/file-ranges/load-koffi'
import { describe, expect, test } from 'vitest'
import { agentService } from '../definition.ts'
import { partsOf, readStatus } from './service-control.ts'
import { statusBytes } from './service-process.ts'

const definition = agentService(
  { node: 'node', nodeWords: [], script: 'a' },
  { data: 'd', privileges: ['SeChangeNotifyPrivilege', 'SeManageVolumePrivilege'] },
)

interface Seen {
  readonly own: Buffer
  /** So many bytes at the address that stands at `at`. */
  readonly pointed: (at: number, bytes: number) => Buffer
}

/** What the system is given for a level is looked at while a call takes it: a function of the C library calls back with it. */
function seen<T>(level: number, bytes: number, look: (seen: Seen) => T): T {
  const koffi = loadKoffi() as unknown as {
    load(path: null): {
      func(name: string, result: string, types: unknown[]): (...args: unknown[]) => unknown
    }
    proto(result: string, types: string[]): unknown
    pointer(type: unknown): unknown
    decode(from: bigint, type: string, length: number): Uint8Array
  }
  const read = (from: bigint, length: number) => Buffer.from(koffi.decode(from, 'uint8', length))
  const callback = koffi.pointer(koffi.proto('int', ['void *', 'void *']))
  const types = ['void *', 'void *', 'size_t', 'size_t', callback]
  const bsearch = koffi.load(null).func('bsearch', 'void *', types)
  const info = partsOf(definition).find((part) => part.level === level)?.info
  const results: T[] = []
  bsearch(Buffer.alloc(8), info, 1, bytes, (_: bigint, at: bigint) => {
    const own = read(at, bytes)
    results.push(look({ own, pointed: (offset, length) => read(own.readBigUInt64LE(offset), length) }))
    return 0
  })
  const [result] = results
  if (result === undefined) throw new Error('it was not called')
  return result
}

// Wine takes these and keeps none of them.
describe.skipIf(process.platform === 'win32')('structures are laid out as winsvc.h has them', () => {
  test('failure actions', () => {
    const actions = seen(2, 40, ({ own, pointed }) => {
      expect(own.readUInt32LE(0)).toBe(86_400)
      expect([own.readBigUInt64LE(8), own.readBigUInt64LE(16)]).toEqual([0n, 0n])
      expect(own.readUInt32LE(24)).toBe(3)
      return [...new Uint32Array(new Uint8Array(pointed(32, 24)).buffer)]
    })
    expect(actions).toEqual([1, 5000, 1, 30_000, 1, 60_000])
  })

  test('required privileges', () => {
    const texts = 'SeChangeNotifyPrivilege\0SeManageVolumePrivilege\0\0'
    expect(seen(6, 8, ({ pointed }) => pointed(0, texts.length * 2).toString('utf16le'))).toBe(texts)
  })

  test('description', () => {
    const { description } = definition
    expect(seen(1, 8, ({ pointed }) => pointed(0, description.length * 2 + 2).toString('utf16le'))).toBe(
      `${description}\0`,
    )
  })

  test.each([
    [3, 1],
    [4, 1],
    [5, 1],
    [7, 15_000],
  ])('level %i is the number %i', (level, value) => {
    expect(seen(level, 4, ({ own }) => own.readUInt32LE(0))).toBe(value)
  })
})

test('what a service reports is read back as the system has it', () => {
  const report = { state: 'stop-pending', checkPoint: 3, waitHintMs: 10_000, ownCode: 75 } as const
  const pid = Buffer.from(Uint32Array.of(448, 0).buffer)
  expect(readStatus(Buffer.concat([statusBytes(report), pid]))).toEqual({
    state: 'stop-pending',
    pid: 448,
    exitCode: 1066,
    ownCode: 75,
    checkPoint: 3,
    waitHintMs: 10_000,
  })
})
