import { describe, expect, test } from 'vitest'
import type { UmountFacts } from './facts.ts'
import { umountOperation } from './plan.ts'

const folder = '/mnt/a'
const facts: UmountFacts = {
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
  folder,
  mounted: '/dev/nbd3p1',
  attached: {
    attachment: 'a1',
    image: '/lib/web01.qcow2',
    device: '/dev/nbd3',
    how: 'nbd-client',
    state: 'live',
    readOnly: true,
    throwAway: true,
    pid: 7,
    size: 1024 ** 3,
    partitions: [],
    volumes: [],
    mounts: [{ device: '/dev/nbd3p1', folder }],
    madeAt: '2026-01-01T00:00:00.000Z',
  },
  isFolderOurs: true,
  isDeviceOurs: true,
  busy: [],
}
const plan = (change: Partial<UmountFacts> = {}) => umountOperation.plan({ folder }, { ...facts, ...change })

describe('the plan of umount', () => {
  test('takes away what was made for the mount, and says what is thrown away', () => {
    expect(plan()).toMatchSnapshot()
  })

  test('a device that was attached before stays, and a folder that was there', () => {
    const made = plan({ isDeviceOurs: false, isFolderOurs: false })
    expect(made.kind === 'plan' && made.steps.map(({ id, input }) => [id, input])).toEqual([
      ['unmount', { attachment: 'a1', device: '/dev/nbd3', folder }],
      ['folder', { attachment: 'a1', folder, isNew: false }],
    ])
  })

  test.each<[string, Partial<UmountFacts>, string]>([
    ['a folder where nothing is mounted', { attached: null, mounted: null }, 'not-mounted'],
    ['a mount of somebody else', { attached: null }, 'not-mounted'],
    ['no root', { ways: { ...facts.ways, isRoot: false } }, 'not-root'],
  ])('%s is refused', (_name, change, id) => {
    expect(plan(change)).toMatchObject({ kind: 'refusal', problems: [{ id, severity: 'block' }] })
  })

  test('a busy folder is refused, naming the processes', () => {
    const busy = Array.from({ length: 7 }, (_, at) => ({ pid: 100 + at, command: 'sh' }))
    const refused = plan({ busy })
    expect(refused).toMatchObject({ kind: 'refusal', problems: [{ id: 'in-use' }] })
    expect(refused.kind === 'refusal' && refused.problems[0]?.message).toContain('sh (process 100)')
    expect(refused.kind === 'refusal' && refused.problems[0]?.message).toContain('and 2 more')
  })
})
