import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { optionHeader } from './handshake-messages.ts'
import { magics, optionTypes } from './numbers.ts'
import { decodeOption, encodeOption } from './option-messages.ts'
import type { ClientOption } from './option-messages.ts'

type Encodable = Parameters<typeof encodeOption>[0]

const name = fc.string({ unit: 'grapheme', maxLength: 200 })
const options: fc.Arbitrary<Encodable> = fc.oneof(
  fc.record({ kind: fc.constant('export-name' as const), name }),
  fc.record({ kind: fc.constantFrom('abort', 'list', 'structured-reply', 'starttls') }),
  fc.record({
    kind: fc.constantFrom('info', 'go'),
    name,
    infos: fc.array(fc.nat(0xffff), { maxLength: 20 }),
  }),
  fc.record({
    kind: fc.constantFrom('list-meta-context', 'set-meta-context'),
    name,
    queries: fc.array(name, { maxLength: 5 }),
  }),
)

describe('options', () => {
  test('decode to what was encoded', () => {
    fc.assert(
      fc.property(options, (option) => {
        const bytes = encodeOption(option)
        const header = optionHeader.read(bytes, 'test')
        expect(header).toEqual({
          magic: magics.option,
          option: optionTypes[option.kind],
          length: bytes.length - optionHeader.size,
        })
        expect(decodeOption(header.option, bytes.subarray(optionHeader.size))).toEqual(option)
      }),
    )
  })

  test('any bytes decode to an option or to `malformed`, and cost no more than their length', () => {
    fc.assert(
      fc.property(fc.nat(12), fc.uint8Array({ maxLength: 300 }), (number, data) => {
        const option = decodeOption(number, data)
        if ('queries' in option) expect(option.queries.length).toBeLessThanOrEqual(data.length)
        if ('infos' in option) expect(option.infos.length).toBeLessThanOrEqual(data.length)
      }),
    )
  })

  const malformed: readonly [string, number, number[]][] = [
    ['a name longer than the message', optionTypes.go, [0, 0, 0, 9, 65, 0, 0]],
    ['more information requests than sent', optionTypes.go, [0, 0, 0, 0, 0, 2, 0, 3]],
    ['bytes left over', optionTypes.go, [0, 0, 0, 0, 0, 0, 7]],
    ['a count of 4 billion queries', optionTypes['set-meta-context'], [0, 0, 0, 0, 255, 255, 255, 255]],
    ['a name that is not UTF-8', optionTypes['export-name'], [0xff, 0xfe]],
    ['data where none belongs', optionTypes.list, [0]],
  ]
  test.each(malformed)('%s is malformed', (_, option, data) => {
    expect(decodeOption(option, new Uint8Array(data))).toEqual<ClientOption>({ kind: 'malformed', option })
  })

  test('a name of more than 4096 bytes is malformed', () => {
    const data = new Uint8Array(4097).fill(65)
    expect(decodeOption(optionTypes['export-name'], data).kind).toBe('malformed')
    expect(decodeOption(optionTypes['export-name'], data.subarray(1)).kind).toBe('export-name')
  })

  test('an option nobody knows keeps its number', () => {
    expect(decodeOption(999, new Uint8Array(3))).toEqual({ kind: 'unknown', option: 999 })
  })
})
