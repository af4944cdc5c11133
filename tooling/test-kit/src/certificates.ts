import { generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A certificate with its key, both PEM. */
export interface TestCertificate {
  readonly certificate: string
  readonly key: string
}

export interface LeafOptions {
  readonly name: string
  readonly dns?: readonly string[]
  /** IPv4 addresses. */
  readonly ips?: readonly string[]
  readonly uris?: readonly string[]
  readonly uses?: readonly ('server' | 'client')[]
  readonly notBefore?: Date
  readonly notAfter?: Date
}

/** A certificate authority of one test. */
export interface TestAuthority extends TestCertificate {
  issue(options: LeafOptions): TestCertificate
  /** The list (PEM) of what it has revoked. */
  revoke(revoked: readonly TestCertificate[]): string
}

const day = 86_400_000

/** An authority with a new key (ECDSA P-256), whose certificates hold for a day. */
export function testAuthority(name: string): TestAuthority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const own = signed({
    issuer: name,
    subject: name,
    publicKey,
    signer: privateKey,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
    extensions: [
      extension('551d13', sequence(der(1, Buffer.from([0xff])))),
      extension('551d0f', der(3, Buffer.from([1, 6]))),
    ],
  })
  return {
    certificate: own,
    key: pemOf(privateKey),
    issue: (options) => issue(name, privateKey, options),
    revoke: (revoked) => revocations(name, privateKey, revoked),
  }
}

function revocations(issuer: string, signer: KeyObject, revoked: readonly TestCertificate[]): string {
  const [yesterday, tomorrow] = [new Date(Date.now() - day), new Date(Date.now() + day)]
  const entries = revoked.map(({ certificate }) => {
    const serial = Buffer.from(new X509Certificate(certificate).serialNumber, 'hex')
    return sequence(der(2, serial), timeOf(yesterday))
  })
  const algorithm = sequence(oid(ecdsaWithSha256))
  const body = sequence(
    der(2, Buffer.from([1])),
    algorithm,
    nameOf(issuer),
    timeOf(yesterday),
    timeOf(tomorrow),
    sequence(...entries),
  )
  return pemBlock('X509 CRL', sequence(body, algorithm, signatureOf(body, signer)))
}

function issue(issuer: string, signer: KeyObject, options: LeafOptions): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { name, dns = [], ips = [], uris = [], uses = ['server', 'client'] } = options
  const names = [
    ...dns.map((each) => der(0x82, Buffer.from(each, 'ascii'))),
    ...uris.map((each) => der(0x86, Buffer.from(each, 'ascii'))),
    ...ips.map((each) => der(0x87, Buffer.from(each.split('.').map(Number)))),
  ]
  const certificate = signed({
    issuer,
    subject: name,
    publicKey,
    signer,
    notBefore: options.notBefore ?? new Date(Date.now() - day),
    notAfter: options.notAfter ?? new Date(Date.now() + day),
    extensions: [
      extension('551d0f', der(3, Buffer.from([7, 0x80]))),
      extension('551d25', sequence(...uses.map((use) => oid(use === 'server' ? serverUse : clientUse)))),
      ...(names.length > 0 ? [extension('551d11', sequence(...names))] : []),
    ],
  })
  return { certificate, key: pemOf(privateKey) }
}

/** The two folders that the tools of NBD read: `server-*.pem` and `client-*.pem` beside `ca-cert.pem`, keys for their owner alone. */
export async function writeCertificateFolder(
  folder: string,
  authority: Pick<TestCertificate, 'certificate'>,
  own: Partial<Record<'server' | 'client', TestCertificate>>,
): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'ca-cert.pem'), authority.certificate)
  for (const [name, { certificate, key }] of Object.entries(own)) {
    await writeFile(join(folder, `${name}-cert.pem`), certificate)
    await writeFile(join(folder, `${name}-key.pem`), key, { mode: 0o600 })
  }
  return folder
}

const serverUse = '2b06010505070301'
const clientUse = '2b06010505070302'
const ecdsaWithSha256 = '2a8648ce3d040302'
const commonName = '550403'

interface ToSign {
  readonly issuer: string
  readonly subject: string
  readonly publicKey: KeyObject
  readonly signer: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  readonly extensions: readonly Buffer[]
}

/** A certificate of version 3 (RFC 5280) as PEM. */
function signed({ issuer, subject, publicKey, signer, notBefore, notAfter, extensions }: ToSign): string {
  const algorithm = sequence(oid(ecdsaWithSha256))
  const body = sequence(
    der(0xa0, der(2, Buffer.from([2]))),
    der(2, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    nameOf(issuer),
    sequence(timeOf(notBefore), timeOf(notAfter)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  return pemBlock('CERTIFICATE', sequence(body, algorithm, signatureOf(body, signer)))
}

function signatureOf(body: Buffer, signer: KeyObject): Buffer {
  return der(3, Buffer.concat([Buffer.from([0]), sign('sha256', body, signer)]))
}

function pemBlock(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').replaceAll(/.{64}/gu, '$&\n').trimEnd()
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts)
}

function oid(hex: string): Buffer {
  return der(6, Buffer.from(hex, 'hex'))
}

function nameOf(text: string): Buffer {
  return sequence(der(0x31, sequence(oid(commonName), der(12, Buffer.from(text)))))
}

function timeOf(date: Date): Buffer {
  const text = `${date.toISOString().replaceAll(/[-:T]|\.\d+/gu, '')}`
  return der(0x17, Buffer.from(text.slice(2), 'ascii'))
}

/** Critical for those that bind the key. */
function extension(id: string, value: Buffer): Buffer {
  const isCritical = id === '551d13' || id === '551d0f'
  return sequence(oid(id), ...(isCritical ? [der(1, Buffer.from([0xff]))] : []), der(4, value))
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}
