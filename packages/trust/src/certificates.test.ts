import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { X509Certificate } from 'node:crypto'
import { connect, createServer, type ConnectionOptions, type TlsOptions } from 'node:tls'
import { expect, test } from 'vitest'
import { crossSign, issueCertificate, makeRequest, makeRoot, type KeyAndCertificate } from './certificates.ts'
import { memberOf, type MemberName } from './member-name.ts'
import { pinOf } from './pin.ts'

const fleet = 'ab'.repeat(16)
const now = new Date()
const day = 86_400_000

async function member(
  root: KeyAndCertificate,
  name: Partial<MemberName>,
  cross: readonly string[] = [],
  at = now,
) {
  const { key, request } = await makeRequest()
  const issued = await issueCertificate({
    root,
    cross,
    request,
    member: { fleet, kind: 'agent', name: 'north', ...name },
    reachedBy: ['controller.example', '127.0.0.1'],
    now: at,
    validMs: 30 * day,
  })
  return { key, cert: issued.chain, issued }
}

/** How a handshake of both ends, each of which asks for the other's certificate, ends. */
async function handshake(server: TlsOptions, client: ConnectionOptions): Promise<string> {
  const listening = createServer({ requestCert: true, minVersion: 'TLSv1.3', ...server }, (socket) => {
    socket.end(socket.authorized ? 'welcome' : `refused: ${String(socket.authorizationError)}`)
  }).listen(0, '127.0.0.1')
  listening.on('tlsClientError', () => {})
  await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', ...client })
  try {
    const [data] = (await once(socket, 'data')) as [Buffer]
    return data.toString()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  } finally {
    socket.destroy()
    listening.close()
  }
}

test('members of one fleet believe each other, by TLS 1.3', async () => {
  const root = await makeRoot({ fleet, generation: 1, now })
  const [controller, agent] = [
    await member(root, { kind: 'controller', name: 'controller' }),
    await member(root, {}),
  ]
  expect(await handshake({ ...controller, ca: root.certificate }, { ...agent, ca: root.certificate })).toBe(
    'welcome',
  )
  const certificate = new X509Certificate(agent.cert)
  expect(memberOf(certificate)).toEqual({ fleet, kind: 'agent', name: 'north' })
  expect(certificate.ca).toBe(false)
  expect(agent.issued.serial).toBe(certificate.serialNumber)
  expect(certificate.validFromDate.getTime()).toBeLessThan(now.getTime() - 600_000)
})

test('a certificate of another fleet, one that has ended, and one of a member that plays authority are not believed', async () => {
  const [root, other] = [
    await makeRoot({ fleet, generation: 1, now }),
    await makeRoot({ fleet, generation: 1, now }),
  ]
  const controller = await member(root, { kind: 'controller', name: 'controller' })
  const talk = (agent: Awaited<ReturnType<typeof member>>) =>
    handshake(
      { ...controller, ca: root.certificate, rejectUnauthorized: false },
      { ...agent, ca: root.certificate },
    )
  expect(await talk(await member(other, {}))).toContain('refused: ')
  expect(await talk(await member(root, {}, [], new Date(now.getTime() - 31 * day)))).toBe(
    'refused: CERT_HAS_EXPIRED',
  )
  const agent = await member(root, {})
  const forged = await member({ key: agent.key, certificate: agent.cert }, { name: 'south' }, [agent.cert])
  expect(await talk(forged)).toContain('refused: ')
})

test('who knows only the old root believes a member of the new one by the cross certificate, and the other way round', async () => {
  const old = await makeRoot({ fleet, generation: 1, now })
  const root = await makeRoot({ fleet, generation: 2, now })
  const cross = await crossSign(root.certificate, old)
  expect(pinOf(cross)).toBe(pinOf(root.certificate))
  const controller = await member(root, { kind: 'controller', name: 'controller' }, [cross])
  const agent = await member(old, {})
  const ca = [old.certificate, root.certificate]
  expect(await handshake({ ...controller, ca }, { ...agent, ca: old.certificate })).toBe('welcome')
  expect(await handshake({ ...controller, ca }, { ...(await member(root, {})), ca: root.certificate })).toBe(
    'welcome',
  )
})

test.each(['', 'no PEM', '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n'])(
  'no certificate is made for the request %j',
  async (request) => {
    const root = await makeRoot({ fleet, generation: 1, now })
    const asked = issueCertificate({
      root,
      request,
      member: { fleet, kind: 'agent', name: 'north' },
      now,
      validMs: day,
    })
    await expect(asked).rejects.toMatchObject({ code: 'invalid-request' })
  },
)

test('a request of somebody else’s key, whose sender cannot sign with it, is refused', async () => {
  const root = await makeRoot({ fleet, generation: 1, now })
  const { request } = await makeRequest()
  const bytes = Buffer.from(request.replaceAll(/-----[A-Z ]+-----|\s/gu, ''), 'base64')
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  const asked = issueCertificate({
    root,
    request: pem,
    member: { fleet, kind: 'agent', name: 'north' },
    now,
    validMs: day,
  })
  await expect(asked).rejects.toMatchObject({ code: 'invalid-request' })
})

test.each(['north/../south', 'NORTH', '', 'a b', 'x'.repeat(254)])(
  '%j is no name of a member',
  async (name) => {
    const root = await makeRoot({ fleet, generation: 1, now })
    await expect(member(root, { name })).rejects.toThrow('names no member')
  },
)
