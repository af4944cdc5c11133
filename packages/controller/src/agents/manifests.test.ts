import { readdirSync } from 'node:fs'
import { toHex } from '@varve/core/binary/hex'
import { chunkSize, digestRoot, Manifest } from '@varve/core/digest/disk-digest'
import { encodeManifest } from '@varve/core/digest/manifest-file'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test, vi } from 'vitest'
import { nativeHashing } from '../hashing.ts'
import { createManifests } from './manifests.ts'

function sample() {
  const manifest = new Manifest(3 * chunkSize + 512)
  manifest.setLeaf(1, nativeHashing.blake3(new Uint8Array([1])))
  manifest.setLeaf(3, nativeHashing.blake3(new Uint8Array([2])))
  const bytes = Buffer.concat([...encodeManifest(manifest)])
  return { bytes, digest: toHex(digestRoot(manifest, nativeHashing)) }
}

const part = (digest: string, bytes: Buffer, at: { part: number; parts: number }) => ({
  digest,
  bytes: bytes.toString('base64'),
  ...at,
})

describe('manifests', () => {
  test('are put together from their parts, checked, and kept under their root', async () => {
    await using place = await tempPlace()
    const manifests = createManifests(place.path)
    const { bytes, digest } = sample()
    manifests.add('north', part(digest, bytes.subarray(0, 40), { part: 0, parts: 2 }))
    expect(manifests.has(digest)).toBe(false)
    manifests.add('north', part(digest, bytes.subarray(40), { part: 1, parts: 2 }))
    expect(manifests.has(digest)).toBe(true)
    expect(manifests.read(digest)?.size).toBe(3 * chunkSize + 512)
    manifests.add('south', part(digest, bytes, { part: 0, parts: 1 }))
    expect(readdirSync(place.path)).toEqual([digest])
  })

  test('of two hosts at once do not mix, and a repeated first part starts afresh', async () => {
    await using place = await tempPlace()
    const manifests = createManifests(place.path)
    const { bytes, digest } = sample()
    manifests.add('north', part(digest, bytes.subarray(0, 40), { part: 0, parts: 2 }))
    manifests.add('south', part(digest, bytes.subarray(0, 50), { part: 0, parts: 2 }))
    manifests.add('north', part(digest, bytes.subarray(0, 60), { part: 0, parts: 2 }))
    manifests.add('north', part(digest, bytes.subarray(60), { part: 1, parts: 2 }))
    expect(manifests.has(digest)).toBe(true)
  })

  test.each([
    ['a wrong root', () => part('00'.repeat(32), sample().bytes, { part: 0, parts: 1 })],
    ['bytes that are no manifest', () => part(sample().digest, Buffer.from('no'), { part: 0, parts: 1 })],
    ['a part out of order', () => part(sample().digest, sample().bytes, { part: 1, parts: 2 })],
    ['a part after the last', () => part(sample().digest, sample().bytes, { part: 2, parts: 1 })],
    ['a name that leads elsewhere', () => part('../../etc/passwd', sample().bytes, { part: 0, parts: 1 })],
  ])('with %s are refused and leave nothing', async (_, make) => {
    await using place = await tempPlace()
    const manifests = createManifests(place.path)
    expect(() => manifests.add('north', make())).toThrow()
    expect(readdirSync(place.path)).toEqual([])
  })

  test('that nobody finishes are bounded in number, end in time, and do not outlive the controller', async () => {
    await using place = await tempPlace()
    vi.useFakeTimers()
    try {
      const manifests = createManifests(place.path)
      const begin = (index: number) =>
        manifests.add(
          'north',
          part(index.toString(16).padStart(64, '0'), Buffer.from('a'), { part: 0, parts: 2 }),
        )
      for (let index = 0; index < 256; index += 1) begin(index)
      expect(() => begin(256)).toThrow('Too many manifests')
      vi.advanceTimersByTime(11 * 60_000)
      begin(256)
      expect(readdirSync(place.path)).toHaveLength(1)
      createManifests(place.path)
      expect(readdirSync(place.path)).toEqual([])
    } finally {
      vi.useRealTimers()
    }
  })

  test('of an absurdly large disk are refused at once', async () => {
    await using place = await tempPlace()
    const bytes = Buffer.concat([...encodeManifest(new Manifest(Number.MAX_SAFE_INTEGER))])
    const manifests = createManifests(place.path)
    expect(() => manifests.add('north', part('ab'.repeat(32), bytes, { part: 0, parts: 1 }))).toThrow(
      'more than the limit',
    )
  })
})
