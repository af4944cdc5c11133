import type { IncomingMessage } from 'node:http'
import type { Identity } from '@varve/protocol/identity'
import { makeLocalKey } from '@varve/trust/local-access'
import { expect, test } from 'vitest'
import { createIdentify } from './identify.ts'

const localKey = makeLocalKey()
const ofConnection = (): Identity => ({ kind: 'nobody', why: null })
const signIn = {
  at: () => {
    throw new Error('nothing of a person is shown')
  },
  identify: async () => null,
} as never
const identify = createIdentify({ ofConnection, signIn, localKey, isSignInOff: false })

function request(remoteAddress: string, localAddress: string, authorization: string): IncomingMessage {
  const headers = { host: 'varve:7070', authorization }
  return { url: '/trpc/fleet.info', headers, socket: { remoteAddress, localAddress } } as never
}

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['::ffff:127.0.0.1', '::ffff:127.0.0.1'],
  ['192.0.2.5', '192.0.2.5'],
])('the key of the machine lets in from %s at %s', async (from, at) => {
  expect(await identify(request(from, at, `Bearer ${localKey}`))).toEqual({ kind: 'local' })
})

test.each([
  ['192.0.2.9', '192.0.2.5'],
  ['2001:db8::9', '2001:db8::5'],
])('nobody who has read it elsewhere: from %s at %s', async (from, at) => {
  expect(await identify(request(from, at, `Bearer ${localKey}`))).toMatchObject({ kind: 'nobody' })
})

test('nor another key, or a part of it', async () => {
  for (const key of [makeLocalKey(), localKey.slice(0, -1), `${localKey}x`, 'varve-local.'])
    expect(await identify(request('127.0.0.1', '127.0.0.1', `Bearer ${key}`))).toMatchObject({
      kind: 'nobody',
    })
})
