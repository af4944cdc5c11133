import { describe, expect, test } from 'vitest'
import type { DistributionFacts } from '../resize/facts.ts'
import { filesystemAt, guestWith, resizeFacts } from '../testing/resize-facts.ts'
import { growOperation } from './plan.ts'
import { GrowRequest } from './request.ts'

const gib = 1024 ** 3
const debian: DistributionFacts = {
  kind: 'distribution',
  name: 'Debian',
  owner: String.raw`PC\anna`,
  isOwn: true,
  wsl: '2.5.7.0',
}
const base = resizeFacts()
const guest = guestWith({ kind: 'none' }, [filesystemAt(0, 10 * gib, 'ext4')])

function plan(distribution: DistributionFacts, asked: object = {}) {
  const request = GrowRequest.parse({ image: base.image.path, size: 40 * gib, ...asked })
  const ways = { ...base.ways, system: 'windows' as const }
  return growOperation.plan(request, resizeFacts({ guest, ways, distribution }))
}

function refused(distribution: DistributionFacts, asked?: object) {
  const made = plan(distribution, asked)
  return made.kind === 'refusal' ? made.problems : []
}

test('one call of WSL, without a copy and without a way back', () => {
  const made = plan(debian)
  expect(made).toMatchObject({
    kind: 'plan',
    steps: [
      {
        action: 'resize-distribution',
        input: { image: base.image.path, distribution: 'Debian', size: 40 * gib },
      },
    ],
    warnings: [{ id: 'original-not-kept', severity: 'info' }],
  })
})

describe('refused with the reason and what works instead', () => {
  test.each<[string, Partial<DistributionFacts>, string, string]>([
    ['another one owns it', { isOwn: false }, 'distribution-of-other', '--partition none'],
    ['WSL is older', { wsl: '2.4.99.0' }, 'wsl-too-old', 'wsl --update'],
    ['WSL tells no version', { wsl: null }, 'wsl-too-old', 'resize2fs'],
    ['Docker Desktop has it', { kind: 'docker-disk' }, 'disk-of-docker', 'Docker Desktop: Settings'],
  ])('%s', (_name, change, id, remedy) => {
    expect(refused({ ...debian, ...change })).toMatchObject([
      { id, layer: 'L2', remedy: expect.stringContaining(remedy) },
    ])
  })

  test('no growing', () => {
    expect(refused(debian, { size: gib })).toMatchObject([{ id: 'not-larger' }])
  })
})

test('the container only is grown by Varve', () => {
  const made = plan({ ...debian, isOwn: false }, { partition: 'none' })
  expect(made.kind === 'plan' && made.steps.map(({ action }) => action)).not.toContain('resize-distribution')
  expect(made.kind === 'plan' && made.warnings).toContainEqual(
    expect.objectContaining({
      id: 'filesystem-stays',
      remedy: expect.stringContaining('in Debian: sudo resize2fs'),
    }),
  )
})
