import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { buildOf, isOlder, parseReleaseKey, parseSums, readSignedSums } from './release-sums.ts'

const sum = 'ab'.repeat(32)
const linux = `${sum}  varve-1.2.3-linux-x64.tar.gz\n`

describe('SHA256SUMS', () => {
  test('the files of one release; what only later versions know is passed over', () => {
    const later = `${sum}  varve-1.2.3-plan9-mips.tar.gz\n${sum}  varve-1.2.3.snap\n`
    expect(parseSums(linux + later)).toEqual([
      { name: 'varve-1.2.3-linux-x64.tar.gz', sum, version: '1.2.3' },
    ])
  })

  test.each([
    ['a name of something else', `${sum}  other-1.2.3-linux-x64.tar.gz\n`],
    ['a path', `${sum}  ../varve-1.2.3-linux-x64.tar.gz\n`],
    ['a sum that is cut off', `${sum.slice(2)}  varve-1.2.3-linux-x64.tar.gz\n`],
    ['a name twice', linux + linux],
    ['no file', ''],
    ['two versions', `${linux}${sum}  varve-1.2.4-linux-arm64.tar.gz\n`],
  ])('%s is refused', (_, text) => {
    expect(() => parseSums(text)).toThrow(/^SHA256SUMS/u)
  })

  test('they are believed by the key that signed them, and by no other', () => {
    const [own, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
    const sums = Buffer.from(linux)
    const signature = sign(null, sums, own.privateKey)
    expect(readSignedSums({ sums, signature }, own.publicKey)).toHaveLength(1)
    expect(readSignedSums({ sums, signature }, other.publicKey)).toBeNull()
    expect(readSignedSums({ sums: Buffer.from(`${linux}\n`), signature }, own.publicKey)).toBeNull()
    const pem = own.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    expect(parseReleaseKey(pem)?.equals(own.publicKey)).toBe(true)
    const secret = own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    expect([parseReleaseKey(secret), parseReleaseKey('key')]).toEqual([null, null])
  })
})

test('a build is named by version and sum', () => {
  expect(buildOf({ version: '1.2.3', sum })).toBe('1.2.3-abababab')
})

test.each([
  ['1.2.3', '1.2.4', true],
  ['1.9.0', '1.10.0', true],
  ['1.2.3-00000000', '1.2.3-11111111', false],
  ['2.0.0', '1.99.99', false],
  ['1.2.3', '1.2.3', false],
])('%s is older than %s: %s', (one, other, expected) => {
  expect(isOlder(one, other)).toBe(expected)
})
