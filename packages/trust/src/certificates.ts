import 'reflect-metadata'
import { randomBytes, webcrypto, X509Certificate as NodeCertificate } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import { DiskError } from '@varve/core/problems/disk-error'
import { memberUri, type MemberName } from './member-name.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const hour = 3_600_000
const day = 24 * hour
/** Clocks of a fleet differ: certificates are valid since before they were made. */
const backdatedMs = hour
const rootYears = 10

/** A key with its certificate, both PEM. */
export interface KeyAndCertificate {
  /** PKCS #8. */
  readonly key: string
  readonly certificate: string
}

/** What a member shows: its own certificate, and those up to a root that only older members know. */
export interface Issued {
  /** PEM, its own first. */
  readonly chain: string
  /** Hexadecimal, as Node writes it. */
  readonly serial: string
  readonly notBefore: Date
  readonly notAfter: Date
}

export interface IssueOptions {
  readonly root: KeyAndCertificate
  /** Other roots' certificates of this root's key, PEM. */
  readonly cross?: readonly string[]
  /** PKCS #10 of the member, PEM: proves that it holds the key. */
  readonly request: string
  readonly member: MemberName
  /** Further names and addresses that it is reached by. */
  readonly reachedBy?: readonly string[]
  /** For which end of a connection it is; left out: for both. */
  readonly end?: 'client' | 'server'
  readonly now: Date
  readonly validMs: number
}

x509.cryptoProvider.set(webcrypto)

/** The root of a fleet: P-256, ten years, signs members only. */
export async function makeRoot(options: {
  readonly fleet: string
  readonly generation: number
  readonly now: Date
}): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...rootFields(options),
    keys,
    extensions: [...rootExtensions(), await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)],
  })
  return { key: await exportKey(keys.privateKey), certificate: certificate.toString('pem') }
}

/** The key of `root` under the older root: who knows only that one believes the newer by it. */
export async function crossSign(root: string, by: KeyAndCertificate): Promise<string> {
  const [subject, issuer] = [new x509.X509Certificate(root), new x509.X509Certificate(by.certificate)]
  const publicKey = await subject.publicKey.export(algorithm, ['verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: subject.subject,
    issuer: issuer.subject,
    notBefore: subject.notBefore,
    notAfter: issuer.notAfter,
    publicKey,
    signingKey: await importKey(by.key),
    signingAlgorithm: algorithm,
    extensions: [
      ...rootExtensions(),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export(algorithm, ['verify'])),
    ],
  })
  return certificate.toString('pem')
}

/** A new key of a member, with the request by which it asks for its certificate. */
export async function makeRequest(): Promise<{ readonly key: string; readonly request: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=member',
    keys,
    signingAlgorithm: algorithm,
  })
  return { key: await exportKey(keys.privateKey), request: request.toString('pem') }
}

/** Signs the key of a request; nothing else of the request is believed. Throws `invalid-request`. */
export async function issueCertificate(options: IssueOptions): Promise<Issued> {
  const { root, member, now, cross = [] } = options
  const publicKey = await keyOfRequest(options.request)
  const issuer = new x509.X509Certificate(root.certificate)
  const notBefore = new Date(now.getTime() - backdatedMs)
  const notAfter = new Date(Math.min(now.getTime() + options.validMs, issuer.notAfter.getTime()))
  const names = [...new Set(options.reachedBy)].map((name) => ({
    type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const),
    value: name,
  }))
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: [`${member.kind} ${member.name}`.slice(0, 64)] }],
    issuer: issuer.subject,
    notBefore,
    notAfter,
    publicKey,
    signingKey: await importKey(root.key),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usagesOf(options.end)),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: memberUri(member) }, ...names]),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export(algorithm, ['verify'])),
    ],
  })
  const pem = certificate.toString('pem')
  const chain = [pem, ...cross].map((one) => `${one.trim()}\n`).join('')
  return { chain, serial: new NodeCertificate(pem).serialNumber, notBefore, notAfter }
}

function usagesOf(end: IssueOptions['end']): x509.ExtendedKeyUsage[] {
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage
  if (end === undefined) return [serverAuth, clientAuth]
  return [end === 'server' ? serverAuth : clientAuth]
}

export interface RevokedOptions {
  readonly root: KeyAndCertificate
  /** Serial numbers, hexadecimal. */
  readonly serials: readonly string[]
  readonly now: Date
  /** Nobody who reads it believes anybody after that. */
  readonly until: Date
}

/** What a root has revoked (RFC 5280, 5), PEM. */
export async function signRevoked({ root, serials, now, until }: RevokedOptions): Promise<string> {
  const issuer = new x509.X509Certificate(root.certificate)
  const revocationDate = new Date(now.getTime() - backdatedMs)
  const crl = await x509.X509CrlGenerator.create({
    issuer: issuer.subject,
    thisUpdate: revocationDate,
    nextUpdate: until,
    entries: serials.map((serialNumber) => ({ serialNumber, revocationDate })),
    signingAlgorithm: algorithm,
    signingKey: await importKey(root.key),
    extensions: [
      await x509.AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export(algorithm, ['verify'])),
    ],
  })
  return `${x509.PemConverter.encode(crl.rawData, 'X509 CRL').trim()}\n`
}

/** The public key of a request whose sender has shown that it holds it: of P-256, signed by itself. */
async function keyOfRequest(pem: string): Promise<webcrypto.CryptoKey> {
  const refuse = (cause: unknown) =>
    new DiskError(
      'invalid-request',
      {
        file: 'the certificate request',
        reason: 'it is not one of a P-256 key that signs itself (PKCS #10, PEM)',
      },
      { cause },
    )
  try {
    const request = new x509.Pkcs10CertificateRequest(pem)
    const key = await request.publicKey.export(algorithm, ['verify'])
    if (await request.verify()) return key
  } catch (error) {
    throw refuse(error)
  }
  throw refuse(undefined)
}

function rootFields({ fleet, generation, now }: Parameters<typeof makeRoot>[0]) {
  return {
    serialNumber: newSerial(),
    name: [{ O: [`Varve fleet ${fleet}`] }, { CN: [`Varve root ${generation}`] }],
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + rootYears * 365 * day),
    signingAlgorithm: algorithm,
  }
}

/** Members are no authorities, so that nothing limits how many roots follow each other. */
function rootExtensions(): x509.Extension[] {
  const usage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
  return [new x509.BasicConstraintsExtension(true, undefined, true), new x509.KeyUsagesExtension(usage, true)]
}

/** Twenty bytes at most, positive and not to be guessed (RFC 5280, 4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = await webcrypto.subtle.exportKey('pkcs8', key)
  return x509.PemConverter.encode(bytes, 'PRIVATE KEY')
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [bytes] = x509.PemConverter.decode(pem)
  if (!bytes) throw new Error('no key in PEM')
  return webcrypto.subtle.importKey('pkcs8', bytes, algorithm, false, ['sign'])
}
