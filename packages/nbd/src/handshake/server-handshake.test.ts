import { describe, expect, test } from 'vitest'
import { optionReplyHeader } from '../messages/handshake-messages.ts'
import { optionReplies, optionTypes, transmissionFlags } from '../messages/numbers.ts'
import type { ClientOption } from '../messages/option-messages.ts'
import { acceptClientFlags, answerOption, encodeGreeting, exportFlags } from './server-handshake.ts'
import type { OptionContext, ServerHandshake, ServerStep } from './server-handshake.ts'

const known: OptionContext = {
  offered: { size: 1000, description: 'a disk', canWrite: false },
  listed: [{ name: 'disk', description: null }],
}
const nothing: OptionContext = { offered: null, listed: null }

function start(): Extract<ServerHandshake, { at: 'options' }> {
  const state = acceptClientFlags(3)
  if (state.at !== 'options') throw new Error('not in the options')
  return state
}

function answer(options: readonly ClientOption[], context: OptionContext): ServerStep {
  let step: ServerStep = { state: start(), send: [] }
  for (const option of options) {
    if (step.state.at !== 'options') throw new Error(`the handshake is at ${step.state.at}`)
    step = answerOption(step.state, option, context)
  }
  return step
}

function replies(step: ServerStep): readonly number[] {
  return step.send.map((bytes) => optionReplyHeader.read(bytes, 'test').type)
}

const go = { kind: 'go', name: 'disk', infos: [] } as const
const select = { kind: 'set-meta-context', name: 'disk', queries: ['base:allocation'] } as const
const structured = { kind: 'structured-reply' } as const

describe('the server in the handshake', () => {
  test('greets as fixed newstyle without padding', () => {
    expect(Buffer.from(encodeGreeting()).toString('latin1')).toBe('NBDMAGICIHAVEOPT\u0000\u0003')
  })

  const flags: readonly [number, ServerHandshake['at']][] = [
    [3, 'options'],
    [1, 'options'],
    [0, 'closed'],
    [2, 'closed'],
    [7, 'closed'],
    [0x8000_0001, 'closed'],
  ]
  test.each(flags)('client flags %i lead to %s', (value, at) => {
    expect(acceptClientFlags(value).at).toBe(at)
  })

  test('go describes the export and ends the handshake', () => {
    const step = answer([structured, select, go], known)
    expect(replies(step)).toEqual([optionReplies.info, optionReplies.info, optionReplies.ack])
    expect(step.state).toEqual({
      at: 'transmission',
      exportName: 'disk',
      hasStructuredReplies: true,
      hasBlockStatus: true,
    })
  })

  test('info describes it and goes on', () => {
    const step = answer([{ kind: 'info', name: 'disk', infos: [1, 2, 3] }], known)
    expect(replies(step)).toEqual([3, 3, 3, 3, 1])
    expect(step.state.at).toBe('options')
  })

  test('a context that was selected for another export does not count', () => {
    const step = answer([structured, { ...select, name: 'other' }, go], known)
    expect(step.state).toMatchObject({ at: 'transmission', hasBlockStatus: false })
  })

  test('a second selection replaces the first', () => {
    const step = answer([structured, select, { ...select, queries: ['x:unknown'] }, go], known)
    expect(step.state).toMatchObject({ hasBlockStatus: false })
  })

  test('contexts need structured replies first', () => {
    expect(replies(answer([select], known))).toEqual([optionReplies.errInvalid])
  })

  const listing: readonly [string[], number][] = [
    [[], 2],
    [['base:'], 2],
    [['base:allocation'], 2],
    [['qemu:'], 1],
  ]
  test.each(listing)('listing contexts that match %o gives %i replies', (queries, count) => {
    const step = answer([structured, { kind: 'list-meta-context', name: 'disk', queries }], known)
    expect(step.send).toHaveLength(count)
  })

  const unknown: readonly ClientOption[] = [
    { ...go, name: 'secret-token' },
    { kind: 'info', name: 'secret-token', infos: [1] },
    { ...select, name: 'secret-token' },
  ]
  test.each(unknown)('an unknown export is refused without its name: $kind', (option) => {
    const step = answer([structured, option], nothing)
    expect(replies(step)).toEqual([optionReplies.errUnknown])
    expect(Buffer.concat(step.send).includes('secret-token')).toBe(false)
    expect(step.state.at).toBe('options')
  })

  test('the old way to ask for an unknown export closes the connection', () => {
    expect(answer([{ kind: 'export-name', name: 'nope' }], nothing)).toEqual({
      state: { at: 'closed', reason: 'the client asked for an unknown export' },
      send: [],
    })
  })

  test('the old way pads with zeros unless both sides agreed on none', () => {
    const option = { kind: 'export-name', name: 'disk' } as const
    const sizes = [1, 3].map((value) => {
      const state = acceptClientFlags(value)
      return state.at === 'options' ? Buffer.concat(answerOption(state, option, known).send).length : 0
    })
    expect(sizes).toEqual([134, 10])
  })

  const others: readonly [ClientOption, OptionContext, readonly number[]][] = [
    [{ kind: 'list' }, known, [optionReplies.server, optionReplies.ack]],
    [{ kind: 'list' }, nothing, [optionReplies.errPolicy]],
    [{ kind: 'starttls' }, known, [optionReplies.errPolicy]],
    [{ kind: 'unknown', option: 77 }, known, [optionReplies.errUnsup]],
    [{ kind: 'malformed', option: optionTypes.go }, known, [optionReplies.errInvalid]],
    [{ kind: 'abort' }, known, [optionReplies.ack]],
  ]
  test.each(others)('%o is answered', (option, context, expected) => {
    expect(replies(answer([option], context))).toEqual(expected)
  })

  test('flags tell what the export can do', () => {
    const offered = { size: 1, description: null, canWrite: false }
    const { hasFlags, readOnly, canMultiConn, sendDf, sendFlush, sendFua } = transmissionFlags
    expect(exportFlags(offered, false)).toBe(hasFlags | readOnly | canMultiConn)
    expect(exportFlags({ ...offered, canWrite: true }, true)).toBe(
      hasFlags | canMultiConn | sendDf | sendFlush | sendFua,
    )
  })
})
