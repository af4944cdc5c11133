import type { ImageShape, RunImage } from '@varve/protocol/run-images'
import { expect, test } from 'vitest'
import { imagesToChanges, type ImageChange } from './images-to-changes.ts'

const shape: ImageShape = {
  format: 'qcow2',
  subformat: null,
  virtualSize: 1000,
  fileSize: 500,
  allocated: 400,
  dataBytes: 300,
  identity: { kind: 'none' },
  parent: null,
  snapshots: [],
  snapshotCount: 0,
  guest: [{ layer: 'L4', summary: 'GPT' }],
  digest: null,
  modifiedAt: '2026-01-01T00:00:00.000Z',
}
const at = (path: string) => ({ host: 'north', path })
const image = (path: string, change: Partial<RunImage>): RunImage => ({
  ...at(path),
  image: null,
  before: null,
  after: null,
  from: null,
  ...change,
})
const done = (...layers: ('L1' | 'L2' | 'L3')[]) => layers.map((layer) => ({ layer, state: 'done' }))

/** The facts that differ, by layer and term. */
function differing({ layers }: ImageChange): string[] {
  return layers.flatMap(({ layer, facts }) =>
    facts.flatMap(({ term, isSame }) => (isSame ? [] : [`${layer} ${term}`])),
  )
}

test('a layer is told of when a step acted on it, or when it is another one; the guest comes first', () => {
  const after = { ...shape, snapshotCount: 5, snapshots: ['a', 'b', 'c', 'd', 'e'], fileSize: 600 }
  const { changes } = imagesToChanges([image('/a', { before: shape, after })], done('L2'))
  expect(changes).toMatchObject([
    {
      kind: 'changed',
      layers: [
        { layer: 'L2', isTouched: true },
        { layer: 'L1', isTouched: false },
      ],
    },
  ])
  expect(changes.flatMap(differing)).toEqual(['L2 Snapshots', 'L1 Size'])
  expect(changes[0]?.layers[0]?.facts.at(-1)).toEqual({
    term: 'Snapshots',
    before: { kind: 'words', words: 'none' },
    after: { kind: 'words', words: 'a, b, c and 2 more' },
    isSame: false,
  })
  const guest = { ...shape, guest: [{ layer: 'L4' as const, summary: 'MBR' }] }
  const { changes: other } = imagesToChanges([image('/a', { before: shape, after: guest })], [])
  expect(other.flatMap(differing)).toEqual(['L4 Holds'])
})

test('a new image is compared with the one whose disk it has, and has what was read back of it', () => {
  const digest = 'ab'.repeat(32)
  const from = { ...at('/a.vmdk'), image: 'image-1', shape: { ...shape, format: 'vmdk' as const } }
  const steps = [...done('L2'), { layer: 'L3' as const, state: 'done', result: { digest } }]
  const { changes } = imagesToChanges([image('/b', { after: shape, from })], steps)
  expect(changes).toMatchObject([{ kind: 'made', from: { path: '/a.vmdk', image: 'image-1' } }])
  expect(changes.flatMap(differing)).toEqual(['L3 Proven', 'L2 Format', 'L1 File'])
  expect(changes[0]?.layers[0]?.facts[1]?.after).toEqual({ kind: 'digest', digest })
  // Of two that were made nobody knows which one was read back last.
  const two = ['/b', '/c'].map((path) => image(path, { after: shape, from }))
  expect(imagesToChanges(two, steps).changes.flatMap(differing)).not.toContain('L3 Proven')
})

test('what was moved is told of once, where it is now', () => {
  const moved = [
    image('/a', { before: shape }),
    image('/b', { after: shape, image: 'image-2', from: { ...at('/a'), image: null, shape } }),
  ]
  const { changes, same } = imagesToChanges(moved, done('L1'))
  expect(changes).toMatchObject([{ kind: 'moved', path: '/b', from: { path: '/a' }, image: 'image-2' }])
  expect(changes.flatMap(differing)).toEqual(['L1 File'])
  expect(same).toEqual([])
})

test('what is gone, what nothing tells of yet, and what is as it was', () => {
  const images = [
    image('/gone', { before: shape }),
    image('/new', {}),
    image('/proven', { before: shape, after: { ...shape, digest: 'ab'.repeat(32) } }),
    image('/same', { before: shape, after: { ...shape, modifiedAt: '2026-02-02T00:00:00.000Z' } }),
  ]
  const { changes, awaited, same } = imagesToChanges(images, done('L1'))
  expect(changes).toMatchObject([{ kind: 'gone', path: '/gone', layers: [{ layer: 'L1' }] }])
  expect(changes[0]?.layers).toHaveLength(1)
  expect(awaited.map(({ path }) => path)).toEqual(['/new'])
  expect(same.map(({ path }) => path)).toEqual(['/proven', '/same'])
})

test('what a step was to do and did not is not lit', () => {
  const after = { ...shape, fileSize: 1 }
  const steps = [{ layer: 'L1' as const, state: 'waiting' }]
  expect(imagesToChanges([image('/a', { before: shape, after })], steps).changes[0]?.layers).toMatchObject([
    { layer: 'L1', isTouched: false },
  ])
})
