import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { corpusEntries, unpackCorpus } from '@varve/test-kit/corpus'
import { type TempPlace, tempPlace } from '@varve/test-kit/temp-place'
import { formatNames, formatRules } from '@varve/core/image/format-rules'
import { digestDisk } from '../src/disks/digest-disk.ts'
import { image } from './fixtures.ts'

const entries = corpusEntries()

function isReadable(format: string | undefined): boolean {
  const name = formatNames.find((known) => known === format)
  return name !== undefined && formatRules[name].native.read
}

describe.skipIf(entries === null)('the corpus', () => {
  let place: TempPlace
  beforeAll(async () => {
    place = await tempPlace()
    unpackCorpus(entries ?? [], place.path)
  })
  afterAll(async () => place[Symbol.asyncDispose]())
  const input = (file: string) => image(join(place.path, file.replace(/\.zst$/u, '')))

  const good = (entries ?? []).filter(({ format, sha256 }) => sha256 !== undefined && isReadable(format))
  test.each(good)('$file has its size and its SHA-256', async ({ file, virtualSize, sha256 }) => {
    expect(await digestDisk(input(file), { sha256: true })).toMatchObject({ virtualSize, sha256 })
  })

  const zeros = (entries ?? []).filter(({ format, allZero }) => allZero === true && isReadable(format))
  test.each(zeros)('$file is all zeros', async ({ file, virtualSize }) => {
    const { manifest } = await digestDisk(input(file))
    expect(manifest.size).toBe(virtualSize)
    expect([...manifest.entries()]).toEqual([])
  })

  const bad = (entries ?? []).filter(({ expect: expected }) => expected === 'refused')
  test.each(bad)('$file is refused', async ({ file }) => {
    await expect(digestDisk(input(file))).rejects.toThrow(expect.objectContaining({ name: 'DiskError' }))
  })
})
