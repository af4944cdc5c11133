import { noUses, type Uses } from '@varve/core/problems/use'
import { describe, expect, test } from 'vitest'
import type { MoveFacts } from './facts.ts'
import { moveOperation } from './plan.ts'

const facts: MoveFacts = {
  host: 'here',
  path: '/lib/web01.qcow2',
  format: 'qcow2',
  virtualSize: 40 * 1024 ** 3,
  bytes: 3 * 1024 ** 3,
  files: ['/lib/web01.qcow2'],
  elsewhere: [],
  partOf: null,
  dependents: [],
  searched: ['/lib'],
  unseen: null,
  uses: noUses,
  machines: [],
  target: '/new/web02.qcow2',
  moves: [{ from: '/lib/web01.qcow2', to: '/new/web02.qcow2', kind: 'file', inode: '7' }],
  taken: [],
  isOneFilesystem: true,
  free: null,
  parent: null,
  children: [],
  unnameable: [],
  promised: null,
  childUses: noUses,
}
const child = {
  path: '/lib/over.qcow2',
  format: 'qcow2',
  isWritten: true,
  parent: { path: facts.target, format: 'qcow2' },
} as const
const parent = { path: '/lib/base.raw', format: 'raw', isWritten: true } as const
const request = { source: facts.path, target: facts.target, folders: [] }
const plan = (change: Partial<MoveFacts> = {}) => moveOperation.plan(request, { ...facts, ...change })
const usedBy = (path: string): Uses => ({
  files: [{ path, uses: [{ by: 'process', pid: 12, command: 'qemu', how: 'writes' }] }],
  unseen: [],
})

describe('the plan of move', () => {
  test('is one rename on one filesystem', () => {
    expect(plan()).toMatchSnapshot()
  })

  test('names its own parent and those made over it anew', () => {
    expect(plan({ parent, children: [child], dependents: [child.path] })).toMatchSnapshot()
  })

  test('copies, proves and publishes across filesystems, and sets the original aside last', () => {
    expect(
      plan({ isOneFilesystem: false, free: 4 * 1024 ** 3, children: [child], dependents: [child.path] }),
    ).toMatchSnapshot()
  })

  test.each<[string, Partial<MoveFacts>, string]>([
    ['a name that is taken', { taken: ['/new/web02.qcow2'] }, 'target-exists'],
    ['its own name', { target: facts.path }, 'same-file'],
    ['a part of an image', { partOf: '/lib/web01.vmdk' }, 'part-of-image'],
    ['an image in use', { uses: usedBy(facts.path) }, 'in-use'],
    ['a child in use', { children: [child], childUses: usedBy(child.path) }, 'in-use'],
    ['too little room', { isOneFilesystem: false, free: 1024 ** 3 }, 'no-space'],
    [
      'a child that cannot be repointed',
      { children: [{ ...child, isWritten: false }] },
      'parent-not-rewritten',
    ],
    [
      'a parent that cannot be named anew',
      { parent: { ...parent, isWritten: false } },
      'parent-not-rewritten',
    ],
    [
      'a name that a child cannot hold',
      { children: [child], unnameable: [{ path: child.path, reason: 'its name has quotes' }] },
      'parent-not-nameable',
    ],
    ['a part that would not be found', { elsewhere: ['/other/part.vmdk'] }, 'part-stays'],
  ])('%s is refused', (_name, change, id) => {
    expect(plan(change)).toMatchObject({ kind: 'refusal', problems: [{ id, severity: 'block' }] })
  })

  test('a device as a part goes along, and a name of another format asks for consent', () => {
    expect(plan({ elsewhere: ['/dev/sdb'], promised: 'vmdk' })).toMatchObject({
      kind: 'plan',
      warnings: [
        { id: 'wrong-ending', severity: 'warn' },
        { id: 'no-dependents', severity: 'info' },
      ],
    })
  })
})
