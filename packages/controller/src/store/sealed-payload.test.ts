import { openSecrets } from '@varve/trust/secrets'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import { agentCommand, jobRequest } from './payload-kinds.ts'
import { encodePayload } from './payload.ts'
import { decodeSealed, encodeSealed, sealWith, withoutSecrets } from './sealed-payload.ts'

const token = 'a-token-that-nobody-guesses'
const release = { kind: 'release', exportName: token, library: 'images', name: 'web01.vmdk' } as const

async function sealed() {
  const place = await tempPlace()
  const db = openDatabase(':memory:')
  sealWith(db, openSecrets(place.path))
  return {
    db,
    async [Symbol.asyncDispose]() {
      db.$client.close()
      await place[Symbol.asyncDispose]()
    },
  }
}

test('what lets somebody in is sealed beside the rest, wherever it stands, and comes back', async () => {
  await using place = await sealed()
  const { db } = place
  const command = {
    kind: 'start-job',
    jobId: 'j1',
    noProgressSeconds: 1,
    request: {
      kind: 'action',
      action: 'pull-volume',
      input: { all: [{ endpoint: { exportName: token } }, { exportName: '' }], name: 'web01' },
      isResumed: false,
    },
  } as const
  const kept = encodeSealed(db, agentCommand, command)
  expect(kept).not.toContain(token)
  expect(kept).toContain('web01')
  expect(decodeSealed(db, agentCommand, kept)).toEqual(command)
})

test('what was kept before is read, and what holds no secret stays as it was', async () => {
  await using place = await sealed()
  expect(decodeSealed(place.db, jobRequest, encodePayload(jobRequest, release))).toEqual(release)
  const inspect = { kind: 'inspect', library: 'images', name: 'exportName' } as const
  expect(encodeSealed(place.db, jobRequest, inspect)).toBe(encodePayload(jobRequest, inspect))
})

test('of a payload of another kind, another key or none, nothing is let out', async () => {
  await using place = await sealed()
  await using other = await sealed()
  const kept = encodeSealed(place.db, jobRequest, release)
  const lost = { ...release, exportName: 'sealed-by-a-key-that-is-not-here' }
  expect(decodeSealed(other.db, jobRequest, kept)).toEqual(lost)
  expect(decodeSealed(place.db, { ...jobRequest, name: 'another kind' }, kept)).toEqual(lost)
  const bare = openDatabase(':memory:')
  expect(decodeSealed(bare, jobRequest, kept)).toEqual(lost)
  expect(() => encodeSealed(bare, jobRequest, release)).toThrow('no key to seal it with')
  bare.$client.close()
})

test('people are shown payloads without them', () => {
  expect(withoutSecrets({ endpoint: { port: 1, exportName: token } })).toEqual({
    endpoint: { port: 1, exportName: '' },
  })
})
