import { describe, expect, test } from 'vitest'
import type { DetachFacts } from './facts.ts'
import { detachOperation } from './plan.ts'

const attached: NonNullable<DetachFacts['attached']> = {
  attachment: 'a1',
  image: '/lib/web01.qcow2',
  device: '/dev/nbd3',
  how: 'nbd-client',
  state: 'live',
  readOnly: true,
  throwAway: false,
  pid: 7,
  size: 1024 ** 3,
  partitions: [],
  volumes: [],
  mounts: [],
  madeAt: '2026-01-01T00:00:00.000Z',
}
const facts: DetachFacts = {
  host: 'here',
  ways: {
    system: 'linux',
    isRoot: true,
    isOwnHost: true,
    loop: 'there',
    nbd: 'there',
    mapper: 'there',
    hasUdev: true,
    tools: [],
  },
  target: '/lib/web01.qcow2',
  attached,
  holders: [],
  foreign: [],
  run: null,
}
const plan = (change: Partial<DetachFacts> = {}) =>
  detachOperation.plan({ target: facts.target, isForced: false }, { ...facts, ...change })

describe('the plan of detach', () => {
  test('mappings go before the device, those that lie over others first', () => {
    const volumes = [
      { device: '/dev/mapper/varve-a1-vg-root', kind: 'lvm', size: 1 },
      { device: '/dev/mapper/varve-a1-luks2', kind: 'luks', size: 1 },
    ] as const
    const made = plan({ attached: { ...attached, volumes: [...volumes] } })
    expect(made.kind === 'plan' && made.steps.map(({ action, input }) => [action, input])).toMatchObject([
      ['remove-mapping', { attachment: 'a1', mapped: volumes[0].device }],
      ['close-luks', { attachment: 'a1', mapped: volumes[1].device }],
      ['detach-nbd', {}],
      ['end-serving', {}],
      ['forget-attachment', {}],
    ])
  })

  test('the device goes first, then who serves it, then the note', () => {
    expect(plan()).toMatchSnapshot()
  })

  test.each(['half-made', 'dead-server', 'gone'] as const)(
    'what is %s is taken away in the same steps',
    (state) => {
      expect(plan({ attached: { ...attached, state } })).toEqual(plan())
    },
  )

  test('nobody serves a loop device', () => {
    const made = plan({ attached: { ...attached, device: '/dev/loop0', how: 'loop' } })
    expect(made.kind === 'plan' && made.steps.map(({ action }) => action)).toEqual([
      'detach-loop',
      'forget-attachment',
    ])
  })

  test.each<[string, Partial<DetachFacts>, string]>([
    ['what is not attached', { attached: null }, 'not-attached'],
    ['what a run works on', { run: 'ab12' }, 'in-use'],
    ['what somebody else has attached', { attached: null, foreign: ['/dev/loop4'] }, 'not-attached'],
    [
      'a mounted device',
      { attached: { ...attached, mounts: [{ device: '/dev/nbd3p1', folder: '/mnt/a' }] } },
      'in-use',
    ],
    ['a device under a volume group', { holders: ['/dev/mapper/vg-root'] }, 'in-use'],
    ['no root', { ways: { ...facts.ways, isRoot: false } }, 'not-root'],
  ])('%s is refused', (_name, change, id) => {
    expect(plan(change)).toMatchObject({ kind: 'refusal', problems: [{ id, severity: 'block' }] })
  })
})
