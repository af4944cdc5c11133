import { expect, test } from 'vitest'
import { handmadeSeeds } from './handmade-seeds.ts'
import { inputMaker, type Input } from './make-input.ts'
import { minimise } from './minimise.ts'
import { runInput } from './run-input.ts'
import { Scratch } from './scratch.ts'
import { prepareSeed } from './seed.ts'

const seeds = handmadeSeeds().map(prepareSeed)

/** Bytes whose reading fails in a way that no image may cause. */
class FailingBytes extends Uint8Array {
  override subarray(): Uint8Array<ArrayBuffer> {
    throw new RangeError('not a coded error')
  }
}

function copyOf({ files, ...input }: Input): Input {
  return {
    ...input,
    files: Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, bytes.slice()])),
  }
}

test('the same run and number give the same input, whatever was made before', () => {
  const [one, other] = [inputMaker(seeds), inputMaker(seeds)]
  const first = Array.from({ length: 50 }, (_, index) => copyOf(one(7, index)))
  expect(first[30]).toEqual(copyOf(other(7, 30)))
  expect(first[3]).toEqual(copyOf(one(7, 3)))
  expect(first[3]).not.toEqual(copyOf(one(8, 3)))
})

test('changes are taken back', () => {
  const bytes = Uint8Array.from({ length: 2000 }, (_, index) => index % 251)
  const scratch = new Scratch(bytes)
  scratch.write(10, new Uint8Array(50))
  scratch.write(30, new Uint8Array(50).fill(1))
  scratch.write(1990, new Uint8Array(50).fill(2))
  scratch.cut(900)
  expect(scratch.view().length).toBe(900)
  expect(scratch.isChanged).toBe(true)
  scratch.restore()
  expect(scratch.view()).toEqual(bytes)
})

test('seeds are read, and an error without a code is a failure', async () => {
  for (const seed of seeds) expect(await runInput({ ...seed, seed: seed.name })).toEqual({ outcome: 'read' })
  const files = { '/a.raw': new FailingBytes(4096) }
  const result = await runInput({ seed: 'failing', group: 'raw', top: '/a.raw', format: null, files })
  expect(result).toMatchObject({
    failure: { kind: 'error', message: expect.stringContaining('not a coded error') },
  })
})

test('an input that fails is made as small as it can be', async () => {
  const image = new Uint8Array(100_000).fill(3)
  image[70_000] = 99
  const input: Input = {
    seed: 'x',
    group: 'x',
    top: '/a',
    format: null,
    files: { '/a': image, '/b': new Uint8Array(10) },
  }
  const small = await minimise(input, {
    signature: 'wanted',
    run: async ({ files }) => {
      const fails = files['/a']?.includes(99) === true
      const failure = {
        kind: 'error',
        signature: fails ? 'wanted' : 'other',
        message: '',
        stack: '',
      } as const
      return { failure }
    },
  })
  expect(Object.keys(small.files)).toEqual(['/a'])
  const left = small.files['/a'] ?? new Uint8Array(0)
  expect(left.length).toBeLessThan(72_000)
  expect(left.filter((byte) => byte !== 0).length).toBeLessThanOrEqual(16)
})
