import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { corpusEntries, unpackCorpus, type CorpusEntry } from '@varve/test-kit/corpus'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isBlocking } from '../problems/problem.ts'
import { DiskError } from '../problems/disk-error.ts'
import { inspectImage } from '../layers/inspect-image.ts'
import { nodePorts } from '../testing/node-files.ts'
import type { DiskReader } from '../disk/disk-reader.ts'
import { readFormats } from './drivers.ts'
import { inspectChain, openChain } from './open-chain.ts'

const entries = corpusEntries()
const read = new Set<string>(readFormats)

/** SHA-256 of a disk; runs of zeros are hashed from one block of them. */
async function sha256Of(disk: DiskReader): Promise<string> {
  const hash = createHash('sha256')
  const zeros = new Uint8Array(4 * 1024 * 1024)
  const memory = new Uint8Array(zeros.length)
  for await (const { start, length, content } of disk.extents({ start: 0, end: disk.virtualSize })) {
    for (let done = 0; done < length; done += zeros.length) {
      const part = Math.min(zeros.length, length - done)
      if (content === 'data') await disk.readInto(memory.subarray(0, part), start + done)
      hash.update((content === 'data' ? memory : zeros).subarray(0, part))
    }
  }
  return hash.digest('hex')
}

function unpackedName({ file }: CorpusEntry): string {
  return file.replace(/\.zst$/u, '')
}

describe.skipIf(entries === null)('images that nobody here made', () => {
  const images = (entries ?? []).filter(({ format }) => format !== undefined)
  let place: TempPlace
  beforeAll(async () => {
    place = await tempPlace()
    unpackCorpus(entries ?? [], place.path)
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })

  test.each(images.filter(({ format }) => read.has(format ?? '')))(
    '$file has the size and the bytes of the manifest',
    async (entry) => {
      await using chain = await openChain(join(place.path, unpackedName(entry)), nodePorts)
      expect(chain.links[0]?.format).toBe(entry.format)
      expect(chain.disk.virtualSize).toBe(entry.virtualSize)
      if (entry.sha256 !== undefined) expect(await sha256Of(chain.disk)).toBe(entry.sha256)
    },
  )

  test.each(images.filter(({ bundle }) => bundle !== undefined))(
    'the bundle $bundle, its descriptor and its empty file are the same disk as its image',
    async ({ bundle = '', sha256 }) => {
      for (const name of [bundle, `${bundle}/`, `${bundle}/DiskDescriptor.xml`, `${bundle}/${bundle}`]) {
        await using chain = await openChain(join(place.path, name), nodePorts)
        expect(await sha256Of(chain.disk)).toBe(sha256)
        expect(chain.files.length).toBe(2)
        expect((await inspectImage(join(place.path, name), nodePorts)).problems.filter(isBlocking)).toEqual(
          [],
        )
      }
    },
  )

  test.each(images.filter(({ format }) => !read.has(format ?? '')))(
    '$file is recognised and refused, not read as raw',
    async (entry) => {
      const path = join(place.path, unpackedName(entry))
      await expect(openChain(path, nodePorts)).rejects.toMatchObject({ code: 'unsupported-format' })
      const { links, problems } = await inspectChain(path, nodePorts)
      expect(links[0].facts.format).toBe(entry.format)
      expect(problems.filter(isBlocking).map(({ id }) => id)).toEqual(['unsupported-format'])
    },
  )

  test.each((entries ?? []).filter(({ expect: outcome }) => outcome === 'refused'))(
    '$file is refused',
    async (entry) => {
      const path = join(place.path, unpackedName(entry))
      await expect(openChain(path, nodePorts)).rejects.toBeInstanceOf(DiskError)
      expect((await inspectImage(path, nodePorts)).problems.some(isBlocking)).toBe(true)
    },
  )

  test.each(images.filter(({ format }) => read.has(format ?? '')))(
    '$file: the report has all eight layers and nothing blocking',
    async (entry) => {
      const report = await inspectImage(join(place.path, unpackedName(entry)), nodePorts)
      expect(report.virtualSize).toBe(entry.virtualSize)
      expect(report.layers.map(({ layer }) => layer)).toEqual([
        'L7',
        'L6',
        'L5',
        'L4',
        'L3',
        'L2',
        'L1',
        'L0',
      ])
      expect(report.problems.filter(isBlocking)).toEqual([])
      const { dataBytes = 0, zeroBytes = 0, absentBytes = 0 } = report.allocation ?? {}
      expect(dataBytes + zeroBytes + absentBytes).toBe(entry.virtualSize)
    },
  )
})
