import { expect, test } from 'vitest'
import type { UploadFacts } from './facts.ts'
import { uploadOperation } from './plan.ts'

const digest = 'ab'.repeat(32)
const request = { target: '/lib/web01.qcow2', id: '0123456789ab', size: 3 * 1024 ** 3, digest }
const facts: UploadFacts = {
  host: 'north',
  arrived: request.size,
  isTaken: false,
  image: { format: 'qcow2', virtualSize: 2 ** 35 },
  found: [],
  problems: [],
}

test('an upload is proven, then it gets its name', () => {
  expect(uploadOperation.plan(request, facts)).toEqual({
    kind: 'plan',
    operation: 'upload',
    summary: 'Take web01.qcow2, QCOW2 (3.00 GiB) into the library',
    steps: [
      {
        id: 'prove',
        host: 'north',
        action: 'prove-upload',
        input: { target: request.target, staging: request.id, size: request.size, digest },
        after: [],
        needs: [],
        estimate: { bytes: request.size, seconds: 7 },
      },
      {
        id: 'publish',
        host: 'north',
        action: 'publish-image',
        input: {
          target: request.target,
          staging: request.id,
          format: 'raw',
          subformat: null,
          file: { $from: 'prove', field: 'file' },
          durability: 'synced',
        },
        after: ['prove'],
        needs: [],
        estimate: { bytes: null, seconds: null },
      },
    ],
    warnings: [],
    subjects: [{ host: 'north', path: request.target }],
    estimate: { bytes: request.size, seconds: 8 },
  })
})

test('what is wrong with the image is asked, not refused', () => {
  const found = [
    {
      id: 'parent-missing',
      severity: 'block',
      layer: 'L2',
      file: request.target,
      message: 'its parent is not there',
      remedy: 'Put it back.',
    },
  ] as const
  expect(uploadOperation.plan(request, { ...facts, found })).toMatchObject({
    kind: 'plan',
    warnings: [{ id: 'parent-missing', severity: 'warn' }],
  })
})

test.each([
  [{ isTaken: true }, 'target-exists'],
  [{ arrived: null }, 'refused'],
  [{ arrived: 5 }, 'truncated'],
])('%j is refused: %s', (change, id) => {
  expect(uploadOperation.plan(request, { ...facts, ...change })).toMatchObject({
    kind: 'refusal',
    problems: [{ id }],
  })
})
