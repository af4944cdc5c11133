import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { hexSha256, sha256 } from './sha256.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test('the examples of the standard', () => {
  expect(hex(sha256(new TextEncoder().encode('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
  expect(hex(sha256(new Uint8Array()))).toBe(
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  )
})

test('every length around the ends of blocks, and a long one, as the platform has it', () => {
  for (const length of [...Array(200).keys(), 1_000_003]) {
    const bytes = randomBytes(length)
    expect(hex(sha256(bytes)), `${length}`).toBe(createHash('sha256').update(bytes).digest('hex'))
  }
})

test('of a text, as UTF-8', () => {
  for (const text of ['', '/images/größe 💾.qcow2', 'lone \ud800'])
    expect(hexSha256(text)).toBe(createHash('sha256').update(text).digest('hex'))
})
