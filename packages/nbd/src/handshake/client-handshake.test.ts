import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { infoBlockSize, infoExport } from '../messages/handshake-messages.ts'
import { infoTypes, magics, optionReplies, optionTypes } from '../messages/numbers.ts'
import type { OptionName } from '../messages/numbers.ts'
import { joined, lengthAndText, u32, utf8 } from '../messages/wire-text.ts'
import { advance } from './client-handshake.ts'
import type { ClientHandshake, ClientWish, ServerMessage } from './client-handshake.ts'

const wish: ClientWish = { want: 'export', name: 'disk' }
const hello: ServerMessage = { kind: 'greeting', magic: magics.server, style: magics.option, flags: 3 }
const empty = new Uint8Array(0)

function reply(asked: OptionName, type: number, data: Uint8Array = empty): ServerMessage {
  return { kind: 'option-reply', magic: magics.optionReply, option: optionTypes[asked], type, data }
}

function play(messages: readonly ServerMessage[], wanted: ClientWish = wish): ClientHandshake {
  let state: ClientHandshake = { at: 'greeting' }
  for (const message of messages) state = advance(state, message, wanted).state
  return state
}

const { ack, info, metaContext, server, errUnsup, errUnknown, errPolicy } = optionReplies
const described = reply('go', info, infoExport.write({ type: infoTypes.export, size: 4096, flags: 0x103 }))
const sized = (minimum: number, maximum: number): ServerMessage =>
  reply('go', info, infoBlockSize.write({ type: infoTypes.blockSize, minimum, preferred: 4096, maximum }))
const allocation = reply('set-meta-context', metaContext, joined(u32(9), utf8('base:allocation')))
const withContext = [hello, reply('structured-reply', ack), allocation, reply('set-meta-context', ack)]

describe('the client in the handshake', () => {
  test('learns everything from a modern server', () => {
    expect(play([...withContext, described, sized(512, 65_536), reply('go', ack)])).toEqual({
      at: 'ready',
      facts: {
        size: 4096,
        isReadOnly: true,
        canMultiConn: true,
        canFlush: false,
        canWriteZeroes: false,
        hasStructuredReplies: true,
        allocationContextId: 9,
        blockSize: { minimum: 512, preferred: 4096, maximum: 65_536 },
        description: null,
      },
    })
  })

  test('goes on without structured replies', () => {
    const state = play([hello, reply('structured-reply', errUnsup), described, reply('go', ack)])
    expect(state).toMatchObject({
      at: 'ready',
      facts: { hasStructuredReplies: false, allocationContextId: null },
    })
  })

  test('goes on without block status', () => {
    const state = play([
      hello,
      reply('structured-reply', ack),
      reply('set-meta-context', errUnsup),
      described,
      reply('go', ack),
    ])
    expect(state).toMatchObject({
      at: 'ready',
      facts: { hasStructuredReplies: true, allocationContextId: null },
    })
  })

  test('asks the old way when the server does not know go', () => {
    const state = play([...withContext, reply('go', errUnsup)])
    expect(state.at).toBe('export-name')
    const ready = advance(state, { kind: 'export-name-reply', size: 77, flags: 1 }, wish).state
    expect(ready).toMatchObject({ at: 'ready', facts: { size: 77, isReadOnly: false } })
  })

  test('asks a server that is not fixed the old way at once', () => {
    expect(play([{ ...hello, flags: 0 }]).at).toBe('export-name')
  })

  test('lists', () => {
    const entry = reply('list', server, joined(lengthAndText('disk'), utf8('of web01')))
    expect(
      play([hello, entry, reply('list', server, lengthAndText('x')), reply('list', ack)], { want: 'list' }),
    ).toEqual({
      at: 'listed',
      found: [
        { name: 'disk', description: 'of web01' },
        { name: 'x', description: null },
      ],
    })
  })

  const deaths: readonly [string, readonly ServerMessage[], RegExp][] = [
    ['not NBD', [{ ...hello, magic: 1n }], /not an NBD server/u],
    ['old style', [{ ...hello, style: magics.oldStyle }], /old style/u],
    ['unknown style', [{ ...hello, style: 5n }], /unknown style/u],
    ['a second greeting', [hello, hello], /greeted twice/u],
    [
      'a wrong magic',
      [hello, { ...reply('structured-reply', ack), magic: 3n } as ServerMessage],
      /wrong magic/u,
    ],
    ['an answer to another option', [hello, reply('go', ack)], /another option/u],
    [
      'a context nobody asked for',
      [...withContext.slice(0, 2), reply('set-meta-context', metaContext, joined(u32(1), utf8('x:y')))],
      /nobody asked/u,
    ],
    ['no description of the export', [...withContext, reply('go', ack)], /did not describe/u],
    [
      'a short NBD_INFO_EXPORT',
      [...withContext, reply('go', info, new Uint8Array([0, 0, 1]))],
      /wrong length/u,
    ],
    [
      'block sizes that are no powers of two',
      [...withContext, described, sized(513, 65_536), reply('go', ack)],
      /impossible block/u,
    ],
    [
      'a block size of 0',
      [...withContext, described, sized(0, 65_536), reply('go', ack)],
      /impossible block/u,
    ],
    [
      'a maximum too small to read by',
      [...withContext, described, sized(1, 512), reply('go', ack)],
      /requests of at most 512 bytes/u,
    ],
    [
      'a maximum below the minimum',
      [...withContext, described, sized(4096, 512), reply('go', ack)],
      /impossible block/u,
    ],
    [
      'a size that is no whole number of blocks',
      [...withContext, described, sized(8192, 8192), reply('go', ack)],
      /whole number/u,
    ],
    [
      'an unknown export',
      [...withContext, reply('go', errUnknown, utf8('no such disk'))],
      /does not know the export: no such disk/u,
    ],
    [
      'a refusal in words',
      [...withContext, reply('go', errPolicy, utf8('come\nback'))],
      /refused: come\uFFFDback/u,
    ],
    [
      'an export reply nobody asked for',
      [hello, { kind: 'export-name-reply', size: 1, flags: 1 }],
      /nobody asked/u,
    ],
  ]
  test.each(deaths)('gives up on %s', (_, messages, reason) => {
    const state = play(messages)
    expect(state.at === 'dead' && state.reason).toMatch(reason)
  })

  test('no reply of a server makes it throw anything but a coded error', () => {
    const replies = fc.record({
      kind: fc.constant('option-reply' as const),
      magic: fc.constant(magics.optionReply),
      option: fc.constantFrom(...Object.values(optionTypes)),
      type: fc.oneof(fc.nat(5), fc.integer({ min: 0x8000_0000, max: 0x8000_000a })),
      data: fc.uint8Array({ maxLength: 40 }),
    })
    fc.assert(
      fc.property(fc.array(replies, { maxLength: 20 }), (messages) => {
        try {
          play([hello, ...messages])
        } catch (error) {
          expect(error).toMatchObject({ name: 'DiskError' })
        }
      }),
    )
  })
})
