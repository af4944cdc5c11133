import { proveImage } from '../actions/prove-image.ts'
import { publishImage } from '../actions/publish-image.ts'
import { writeImage } from '../actions/write-image.ts'
import { inOrder, step, type Plan } from '../plans/plan.ts'
import { freshId, from } from '../plans/wired.ts'

export const sampleDigest = 'ab'.repeat(32)

/** A plan of three steps that makes `target` on `host`, for tests. */
export function samplePlan({ host = 'here', target = '/b.qcow2' } = {}): Plan {
  const image = { target, format: 'qcow2', subformat: null } as const
  const staged = { ...image, staging: from('write', 'staging') }
  return {
    kind: 'plan',
    operation: 'clone',
    summary: `Clone a.raw to ${target}`,
    warnings: [],
    subjects: [{ host, path: target }],
    estimate: { bytes: null, seconds: null },
    steps: inOrder([
      step(writeImage, {
        id: 'write',
        host,
        input: {
          source: { path: '/a.raw', format: null, reading: {} },
          inUse: 'refuse',
          reflink: true,
          image: { ...image, staging: freshId, compression: 'none', options: {}, backing: null, guest: {} },
        },
      }),
      step(proveImage, {
        id: 'prove',
        host,
        input: { image: staged, expected: from('write', 'digest'), durability: 'synced' },
      }),
      step(publishImage, {
        id: 'publish',
        host,
        input: { ...staged, file: from('write', 'file'), durability: 'synced' },
      }),
    ]),
  }
}

/** What each of its actions gives when all goes well. */
export function sampleOutcome(action: string, input: unknown): Record<string, unknown> {
  const { staging, image, target, path } = input as {
    staging?: string
    image?: { staging: string; target: string }
    target?: string
    path?: string
  }
  switch (action) {
    case 'write-image':
      return { staging: image?.staging, digest: sampleDigest, virtualSize: 64, dataBytes: 16, fileSize: 17 }
    case 'prove-image':
      return { digest: sampleDigest, virtualSize: 64, dataBytes: 16 }
    case 'publish-image':
      return { path: target }
    case 'set-aside':
      return { quarantine: staging ?? 'q', moved: [path], until: '2030-01-01T00:00:00.000Z' }
    default:
      return {}
  }
}
