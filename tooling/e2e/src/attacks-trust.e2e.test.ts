import { once } from 'node:events'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { dialController } from '@varve/agent/connection/agent-client'
import { fleetWires } from '@varve/agent/trust/fleet-tls'
import { makeOpenWires } from '@varve/agent/trust/open-wires'
import { readMembership, type KeptMembership } from '@varve/agent/trust/membership-file'
import type { Hello } from '@varve/protocol/agent'
import { protocolVersion } from '@varve/protocol/primitives'
import { issueCertificate, makeRequest, makeRoot } from '@varve/trust/certificates'
import { parseJoinToken } from '@varve/trust/join-token'
import { sampleFacts } from '@varve/controller/testing/samples'
import { tempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TrustedFleet } from './trusted-fleet.ts'

let place: Awaited<ReturnType<typeof tempPlace>>
let fleet: TrustedFleet

beforeAll(async () => {
  place = await tempPlace()
  fleet = await TrustedFleet.start(place.path)
})

afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]()
  await place?.[Symbol.asyncDispose]()
})

function membershipOf(name: string): KeptMembership {
  const kept = readMembership(fleet.data(name))
  if (!kept) throw new Error(`${name} has not joined`)
  return kept
}

const helloOf = (name: string, instance = `instance-of-${name}`): Hello => ({
  protocolVersion,
  instance,
  boot: null,
  facts: { ...sampleFacts(name), libraries: [] },
  jobs: [],
  inventory: [],
  seen: { start: null, command: 0 },
})

/** Dials as who shows `kept` does; null: as somebody who shows nothing. */
function dial(kept: KeptMembership | null) {
  const wires = kept ? fleetWires(kept) : makeOpenWires(fleet.folder)
  const url = kept?.controller ?? `ws://127.0.0.1:${fleet.port}/trpc`
  const client = dialController(url, { WebSocket: wires.WebSocket })
  return {
    client,
    fetch: wires.fetch,
    async [Symbol.asyncDispose]() {
      client.close()
      await wires.close()
    },
  }
}

/** A server of TLS in between, that notes what it is told. */
async function manInTheMiddle(options: ServerOptions, roots: readonly string[], ofFleet: string) {
  const told: string[] = []
  const server = createHttpsServer(options, (request, response) => {
    let body = ''
    request.on('data', (bytes: Buffer) => (body += bytes.toString()))
    request.on('end', () => {
      told.push(`${request.url} ${body}`)
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ fleet: ofFleet, roots }))
    })
  }).listen(0, '127.0.0.1')
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  return {
    told,
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A controller of a fleet that somebody made for himself. */
async function forgedController() {
  const ofFleet = 'ee'.repeat(16)
  const root = await makeRoot({ fleet: ofFleet, generation: 1, now: new Date() })
  const { key, request } = await makeRequest()
  const { chain } = await issueCertificate({
    root,
    request,
    member: { fleet: ofFleet, kind: 'controller', name: 'controller' },
    reachedBy: ['127.0.0.1'],
    now: new Date(),
    validMs: 86_400_000,
  })
  return { fleet: ofFleet, root: root.certificate, key, cert: chain }
}

test('a host joins by its token and is seen; the token lets no other in, and one that was canceled nobody', async () => {
  const token = await fleet.token({ pattern: 'north' })
  expect(await fleet.join('north', token)).toMatchObject({ exitCode: 0 })
  await fleet.startAgent('north')
  await fleet.state('north', 'connected')
  expect((await fleet.join('stolen', token)).said).toContain('the token was used already')
  const other = await fleet.token()
  const { tokens } = await fleet.api.trust.view.query()
  await fleet.api.trust.cancelToken.mutate({ id: tokens[0]?.id ?? '' })
  expect(await fleet.join('stolen', other)).toMatchObject({ exitCode: 1 })
  expect(await fleet.members('stolen')).toEqual([])
})

test('whoever stands in between at join is not believed, and is not told the secret', async () => {
  const token = await fleet.token()
  const secret = parseJoinToken(token)?.secret ?? ''
  const forged = await forgedController()
  {
    await using middle = await manInTheMiddle(forged, [forged.root], forged.fleet)
    const { exitCode, said } = await fleet.join('tricked', token, { url: middle.url })
    expect([exitCode, said]).toEqual([1, expect.stringContaining('has another key than expected')])
    expect(middle.told).toEqual(['/api/trust/roots '])
  }
  // It passes on the true roots, but cannot show their key.
  const { roots, fleet: id } = (await (
    await fetch(`http://127.0.0.1:${fleet.port}/api/trust/roots`)
  ).json()) as { roots: string[]; fleet: string }
  await using middle = await manInTheMiddle(forged, roots, id)
  expect((await fleet.join('tricked', token, { url: middle.url })).exitCode).not.toBe(0)
  expect(middle.told.join()).not.toContain(secret)
  expect(readMembership(fleet.data('tricked'))).toBeNull()
})

test('an agent never speaks to a controller of another fleet, nor to one with a certificate of an agent', async () => {
  const kept = membershipOf('north')
  const forged = await forgedController()
  for (const options of [forged, { key: kept.key, cert: kept.chain }]) {
    await using middle = await manInTheMiddle(options, kept.roots, kept.fleet)
    await using wires = dial({ ...kept, controller: middle.url.replace('https:', 'wss:') })
    expect(await wires.client.closed).toContain('the connection failed')
    await expect(wires.fetch(middle.url)).rejects.toThrow('fetch failed')
    expect(middle.told).toEqual([])
  }
})

test('a name that is known is not given to whoever says it', async () => {
  const images = (await fleet.api.fleet.host.query({ name: 'north' })).images
  await using nobody = dial(null)
  await expect(nobody.client.hello(helloOf('north'))).rejects.toThrow('no certificate was shown')
  await fleet.host('other')
  await using other = dial(membershipOf('other'))
  await expect(other.client.hello(helloOf('north'))).rejects.toThrow(
    'the certificate that was shown is of other',
  )
  expect(await fleet.api.fleet.host.query({ name: 'north' })).toMatchObject({ state: 'connected', images })
})

test('an agent does no work of people, and none of another agent', async () => {
  await using other = dial(membershipOf('other'))
  for (const path of ['trust.view', 'fleet.hosts?input={}', 'images.list?input={}', 'runs.list?input={}']) {
    const answer = await other.fetch(`${fleet.url}/trpc/${path}`)
    expect([path, answer.status]).toEqual([path, 403])
  }
  expect((await other.fetch(`${fleet.url}/`)).status).toBe(403)
  const made = await other.fetch(`${fleet.url}/trpc/trust.makeToken`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  expect(made.status).toBe(403)
  // With the session of another one, even.
  await fleet.stop('other')
  await fleet.state('other', 'offline')
  const { session } = await other.client.hello(helloOf('other'))
  await using north = dial(membershipOf('north'))
  await expect(north.client.report(session, [])).rejects.toThrow('not known here')
  await expect(north.client.freed(session, 'token')).rejects.toThrow('not known here')
  await other.client.report(session, [])
})

test('a member that is revoked is cut off at once, and does not come back', async () => {
  await fleet.host('gone')
  await using connection = dial(membershipOf('gone'))
  await fleet.stop('gone')
  await fleet.state('gone', 'offline')
  await connection.client.hello(helloOf('gone'))
  await fleet.api.trust.revoke.mutate({ name: 'gone' })
  await connection.client.closed
  await using again = dial(membershipOf('gone'))
  await expect(again.client.hello(helloOf('gone'))).rejects.toThrow('was revoked')
  await expect(fleet.api.trust.revoke.mutate({ name: 'gone' })).rejects.toThrow('no certificate')
  expect(await fleet.members('gone')).toMatchObject([{ state: 'revoked' }])
  // It joins anew, as whom a person let in.
  expect(await fleet.join('gone', await fleet.token({ pattern: 'gone' }))).toMatchObject({ exitCode: 0 })
})

test('a host that was copied with its key is noticed: both are stopped until a person decides', async () => {
  await fleet.host('twin')
  const copy = join(place.path, 'copy-of-twin')
  await cp(fleet.data('twin'), copy, { recursive: true })
  await fleet.startAgent('copy', { data: copy })
  await fleet.until('twin is stopped', async () =>
    (await fleet.members('twin')).every(({ state }) => state === 'stopped'),
  )
  await fleet.state('twin', 'offline')
  await fleet.until('both are told', async () =>
    ['twin', 'copy'].every((name) => fleet.output(name).includes('two hosts use it at the same time')),
  )
  const titles = (await fleet.api.events.activity.query({})).map(({ title }) => title)
  expect(titles).toContain('twin was stopped: two hosts use its certificate at the same time')
  await fleet.stop('copy')
  await fleet.api.trust.allow.mutate({ name: 'twin' })
  await fleet.state('twin', 'connected')
  expect(await fleet.members('twin')).toMatchObject([{ state: 'active' }])
})

test('a fleet moves to a new root by itself, and a host that was away meanwhile comes back', async () => {
  await fleet.host('away')
  await fleet.stop('away')
  const before = membershipOf('north')
  await fleet.api.trust.rotate.mutate()
  await fleet.api.trust.rotate.mutate()
  await fleet.until(
    'north shows a certificate of the new root',
    async () =>
      (await fleet.members('north')).some(
        ({ state, serial }) => state === 'active' && !before.chain.includes(serial),
      ) &&
      membershipOf('north').roots.length === 3 &&
      membershipOf('north').key !== before.key,
  )
  await fleet.state('north', 'connected')
  await fleet.startAgent('away')
  await fleet.state('away', 'connected')
  await fleet.until('away has the new root', async () => membershipOf('away').roots.length === 3)
})

test('a host whose data folder cannot be used joins nothing, and its token may be used still', async () => {
  const token = await fleet.token()
  for (const data of ['/proc/nowhere', '/dev/null/x']) {
    const { exitCode, said } = await fleet.join('nowhere', token, { data })
    expect([exitCode, said]).toEqual([1, expect.stringContaining(data.split('/x')[0] ?? '')])
    expect(said).not.toContain(' at ')
  }
  expect(await fleet.join('somewhere', token)).toMatchObject({ exitCode: 0 })
})

test('a controller that starts anew is believed as before', async () => {
  await fleet.stop('controller')
  await fleet.startController()
  await fleet.state('north', 'connected')
  expect((await fleet.members('north'))[0]?.state).toBe('active')
})

test('the key of a host that others may read is not used', async () => {
  const data = join(place.path, 'open')
  await cp(join(fleet.data('away'), 'membership.json'), join(data, 'membership.json'))
  await writeFile(join(data, 'membership.json'), await readFile(join(data, 'membership.json')), {
    mode: 0o644,
  })
  await execa('chmod', ['644', join(data, 'membership.json')])
  await fleet.startAgent('open', { data })
  await fleet.until('it says so', async () =>
    fleet.output('open').includes('others on this machine may read the key'),
  )
})

test.each(['-tls1_2', '-tls1_1'])(
  'openssl s_client %s is refused; by TLS 1.3 it is answered',
  async (version) => {
    const where = ['s_client', '-connect', `127.0.0.1:${fleet.port}`]
    const old = await execa('openssl', [...where, version], { input: '', reject: false, all: true })
    expect(old.all).toMatch(/alert protocol version|no protocols available/u)
    const now = await execa('openssl', where, { input: '', reject: false, all: true })
    expect(now.all).toContain('New, TLSv1.3')
  },
)

test('no secret of the fleet stands in what its processes wrote or in what the controller keeps', async () => {
  const token = await fleet.token({ pattern: 'unused' })
  const secrets = [parseJoinToken(token)?.secret ?? '', membershipOf('north').key.split('\n')[1] ?? '']
  const kept = await execa('sh', ['-c', `cat ${join(fleet.data('controller'), '*')}`], {
    encoding: 'buffer',
    reject: false,
  })
  const written = [
    kept.stdout,
    ...['controller', 'north', 'away', 'twin'].map((name) => Buffer.from(fleet.output(name))),
  ]
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(20)
    expect(written.some((bytes) => Buffer.from(bytes).includes(secret))).toBe(false)
  }
})
