import { tempPlace } from '@varve/test-kit/temp-place'
import { joinTokenText, makeJoinToken } from '@varve/trust/join-token'
import { expect, test } from 'vitest'
import { joinFleet } from './join-fleet.ts'
import { readMembership, writeMembership } from './membership-file.ts'

const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'

const kept = {
  version: 1 as const,
  fleet: 'a'.repeat(32),
  name: 'north',
  roots: [pem] as string[],
  chain: pem,
  notAfter: '2027-01-01T00:00:00Z',
  controller: 'wss://127.0.0.1:1/trpc',
  key: 'key',
  issuedAt: '2026-01-01T00:00:00Z',
}

test('what another host is known by is not written over, and nobody is asked', async () => {
  await using place = await tempPlace()
  await writeMembership(place.path, kept)
  const token = joinTokenText(makeJoinToken('a'.repeat(43)))
  const join = async (name: string) =>
    await joinFleet({ url: 'https://127.0.0.1:1', token, name, folder: place.path })
  await expect(join('other')).rejects.toMatchObject({
    code: 'refused',
    details: { reason: expect.stringContaining('north') },
  })
  // The same one is let go on, to a controller that is not there.
  await expect(join('north')).rejects.toMatchObject({
    details: { reason: expect.stringContaining('127.0.0.1') },
  })
  expect(readMembership(place.path)).toMatchObject({ name: 'north' })
})
