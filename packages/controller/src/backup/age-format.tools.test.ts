import {
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  randomBytes,
  scryptSync,
} from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeConfig } from '../config.ts'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { tempPlace } from '@varve/test-kit/temp-place'
import { runToolOk } from '@varve/test-kit/tools'
import { expect, test } from 'vitest'
import { startController } from '../start-controller.ts'
import { makeBackup } from './make-backup.ts'

// Opens a file of age with nothing but its specification (https://age-encryption.org/v1) and the system's cryptography.

const hkdf = (secret: Buffer, salt: Uint8Array, info: string) =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, 32))

function open(key: Buffer, nonce: Buffer, sealed: Buffer): Buffer {
  const end = sealed.length - 16
  const cipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  cipher.setAuthTag(sealed.subarray(end))
  return Buffer.concat([cipher.update(sealed.subarray(0, end)), cipher.final()])
}

type Unwrap = (kind: string, args: readonly string[], body: Buffer) => Buffer

function openAge(bytes: Buffer, unwrap: Unwrap): Buffer {
  const text = bytes.toString('latin1')
  const header = /^age-encryption\.org\/v1\n-> (\S+)((?: \S+)*)\n(\S+)\n--- (\S{43})\n/u.exec(text)
  if (!header) throw new Error('it is no file of age with one key')
  const [whole, kind = '', args = '', body = '', mac = ''] = header
  const fileKey = unwrap(kind, args.trim().split(' '), Buffer.from(body, 'base64'))
  const signed = whole.slice(0, -mac.length - 2)
  const found = createHmac('sha256', hkdf(fileKey, Buffer.alloc(0), 'header'))
    .update(signed, 'latin1')
    .digest()
  expect(found.toString('base64').replace(/=+$/u, '')).toBe(mac)
  const payload = bytes.subarray(whole.length)
  const key = hkdf(fileKey, payload.subarray(0, 16), 'payload')
  const chunks: Buffer[] = []
  for (let at = 16, number = 0; at < payload.length; at += 65_552, number += 1) {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(number, 7)
    if (at + 65_552 >= payload.length) nonce.writeUInt8(1, 11)
    chunks.push(open(key, nonce, payload.subarray(at, at + 65_552)))
  }
  return Buffer.concat(chunks)
}

const letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

/** The 32 bytes of a text of Bech32, whose checksum is not looked at. */
function bech32(text: string): Buffer {
  const digits = text.toLowerCase().slice(text.lastIndexOf('1') + 1, -6)
  const bits = Array.from(digits, (letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from(
    Array.from({ length: 32 }, (_, index) => parseInt(bits.slice(index * 8, index * 8 + 8), 2)),
  )
}

const pkcs8 = Buffer.from('302e020100300506032b656e04220420', 'hex')
const spki = Buffer.from('302a300506032b656e032100', 'hex')

const byIdentity =
  (identity: string): Unwrap =>
  (kind, [share = ''], body) => {
    expect(kind).toBe('X25519')
    const own = createPrivateKey({
      key: Buffer.concat([pkcs8, bech32(identity)]),
      format: 'der',
      type: 'pkcs8',
    })
    const theirs = Buffer.from(share, 'base64')
    const publicKey = createPublicKey({ key: Buffer.concat([spki, theirs]), format: 'der', type: 'spki' })
    const ownPublic = createPublicKey(own).export({ format: 'der', type: 'spki' }).subarray(-32)
    const shared = diffieHellman({ privateKey: own, publicKey })
    return open(
      hkdf(shared, Buffer.concat([theirs, ownPublic]), 'age-encryption.org/v1/X25519'),
      Buffer.alloc(12),
      body,
    )
  }

const byPassphrase =
  (passphrase: string): Unwrap =>
  (kind, [salt = '', work = ''], body) => {
    expect([kind, Number(work)]).toEqual(['scrypt', 18])
    const salted = Buffer.concat([Buffer.from('age-encryption.org/v1/scrypt'), Buffer.from(salt, 'base64')])
    const cost = { N: 2 ** Number(work), r: 8, p: 1, maxmem: 512 * 1024 ** 2 }
    return open(scryptSync(passphrase, salted, 32, cost), Buffer.alloc(12), body)
  }

test('a backup is a file of age with an archive of tar in it, packed by gzip', async () => {
  await using place = await tempPlace()
  const data = place.file('data')
  await (await startController(makeConfig({ data, port: 0, logLevel: 'silent' }))).close()
  // Of more than one chunk once it is packed.
  await writeFile(join(data, 'manifests', 'a'.repeat(64)), randomBytes(200_000))
  const { signal } = new AbortController()
  const identity = await generateIdentity()
  const passphrase = 'four words that nobody guesses'
  const cases = [
    [{ kind: 'recipients', recipients: [await identityToRecipient(identity)] }, byIdentity(identity)],
    [{ kind: 'passphrase', passphrase }, byPassphrase(passphrase)],
  ] as const
  for (const [key, unwrap] of cases) {
    const to = place.file(`${key.kind}.varve`)
    const { facts } = await makeBackup({ data, to, key, overwrite: false, signal })
    await writeFile(place.file('kept.tar.gz'), openAge(await readFile(to), unwrap))
    const folder = place.file(`of-${key.kind}`)
    await mkdir(folder)
    await runToolOk('tar', ['-xzf', place.file('kept.tar.gz'), '-C', folder])
    expect(JSON.parse(await readFile(join(folder, 'varve-backup.json'), 'utf8'))).toEqual(facts)
    expect(await readFile(join(folder, 'manifests', 'a'.repeat(64)))).toEqual(
      await readFile(join(data, 'manifests', 'a'.repeat(64))),
    )
  }
})
