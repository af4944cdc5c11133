import { noUses, type Uses } from '@varve/core/problems/use'
import { describe, expect, test } from 'vitest'
import { chainCommit } from '../chain-commit/plan.ts'
import { chainFlatten } from '../chain-flatten/plan.ts'
import { chainRebase } from '../chain-rebase/plan.ts'
import type { ChainChangeFacts, LinkFacts, ReplacedFacts } from './facts.ts'

function link(path: string, more: Partial<LinkFacts> = {}): LinkFacts {
  return {
    path,
    format: 'qcow2',
    subformat: 'version 3',
    virtualSize: 4 * 1024 ** 3,
    snapshots: [],
    logicalSectorSize: null,
    hasExtendedL2: false,
    identity: null,
    ...more,
  }
}

function replaced(path: string, more: Partial<ReplacedFacts> = {}): ReplacedFacts {
  return {
    host: 'north',
    path,
    format: 'qcow2',
    virtualSize: 4 * 1024 ** 3,
    bytes: 1024 ** 2,
    files: [path],
    elsewhere: [],
    partOf: null,
    dependents: [],
    onParts: [],
    searched: ['/vms'],
    unseen: null,
    uses: noUses,
    machines: [],
    children: [],
    keepers: [],
    ...more,
  }
}

const [child, parent, base] = ['/vms/child.qcow2', '/vms/parent.qcow2', '/vms/base.qcow2'] as const
const facts: ChainChangeFacts = {
  host: 'north',
  image: replaced(child),
  chain: [link(child, { hasExtendedL2: true }), link(parent), link(base)],
  problems: [],
}
const ownParent = replaced(parent, { children: [child], dependents: [child] })
const request = { image: child }
const toBase = { image: child, parent: base, parentFormat: null }

describe('golden plans', () => {
  test('flatten', () => {
    expect(chainFlatten.plan(request, facts)).toMatchSnapshot()
  })
  test('rebase', () => {
    expect(chainRebase.plan(toBase, { ...facts, below: [link(base)] })).toMatchSnapshot()
  })
  test('commit', () => {
    expect(chainCommit.plan(request, { ...facts, parent: ownParent })).toMatchSnapshot()
  })
})

describe('what takes the place of an image that is known by an identity', () => {
  const identity = { disk: '5fa21a55-f394-aa4d-9958-1951a67d5540', content: '1600000000000' }
  const vhd = (path: string, more: Partial<LinkFacts> = {}) =>
    link(path, { format: 'vhd', subformat: 'differencing', identity, ...more })
  const chain = [vhd('/vms/child.vhd'), vhd('/vms/parent.vhd'), vhd('/vms/base.vhd', { subformat: 'fixed' })]
  const image = replaced('/vms/child.vhd', { children: ['/vms/top.vhd'], keepers: ['/vms/top.vhd'] })
  const vhdFacts = { ...facts, image, chain }
  const written = (plan: ReturnType<typeof chainFlatten.plan>) =>
    plan.kind === 'plan' ? plan.steps.find(({ id }) => id === 'write')?.input : plan.problems

  test('the same disk goes on with all of it, and its children with it', () => {
    expect(written(chainFlatten.plan({ image: '/vms/child.vhd' }, vhdFacts))).toMatchObject({
      image: { format: 'vhd', subformat: null, backing: null, identity },
    })
    const [, , base] = chain
    const toOther = { image: '/vms/child.vhd', parent: '/vms/base.vhd', parentFormat: null }
    expect(written(chainRebase.plan(toOther, { ...vhdFacts, below: base ? [base] : [] }))).toMatchObject({
      image: { subformat: null, backing: { path: '/vms/base.vhd', format: 'vhd' }, identity },
    })
  })

  test('another disk goes on with that of the disk only', () => {
    const alone = { ...vhdFacts, image: replaced('/vms/child.vhd'), parent: replaced('/vms/parent.vhd') }
    expect(written(chainCommit.plan({ image: '/vms/child.vhd' }, alone))).toMatchObject({
      image: {
        target: '/vms/parent.vhd',
        backing: { path: '/vms/base.vhd' },
        identity: { disk: identity.disk },
      },
    })
    const kept = written(chainCommit.plan({ image: '/vms/child.vhd' }, alone))
    expect(JSON.stringify(kept)).not.toContain(identity.content)
  })

  test('an overlay is over what its format stands on', () => {
    const toOther = { image: '/vms/child.vhd', parent: '/vms/other', parentFormat: null }
    const over = (below: Partial<LinkFacts>) =>
      written(chainRebase.plan(toOther, { ...vhdFacts, below: [vhd('/vms/other', below)] }))
    expect(over({ format: 'qcow2' })).toMatchObject([{ id: 'overlay-format-differs' }])
    expect(over({ virtualSize: 1024 ** 3 })).toMatchObject([{ id: 'overlay-size-differs' }])
    const sectors = [vhd('/vms/child.vhd', { format: 'vhdx', logicalSectorSize: 512 })]
    const below = [vhd('/vms/other', { format: 'vhdx', logicalSectorSize: 4096 })]
    expect(written(chainRebase.plan(toOther, { ...vhdFacts, chain: sectors, below }))).toMatchObject([
      { id: 'overlay-sectors-differ' },
    ])
  })
})

describe('refusals', () => {
  test('commit: somebody else stands on the parent, or on the image', () => {
    const siblings = { ...ownParent, children: [child, '/vms/other.qcow2'] }
    expect(chainCommit.plan(request, { ...facts, parent: siblings })).toMatchObject({
      problems: [{ id: 'has-dependents', file: parent, details: { dependents: ['/vms/other.qcow2'] } }],
    })
    const image = replaced(child, { dependents: ['/vms/top.qcow2'] })
    expect(chainCommit.plan(request, { ...facts, image, parent: ownParent })).toMatchObject({
      problems: [{ id: 'has-dependents', file: child }],
    })
  })

  test('somebody stands on a part of the image, which is not there after it', () => {
    const image = replaced(child, { onParts: ['/vms/on-extent.qcow2'] })
    for (const plan of [
      chainFlatten.plan(request, { ...facts, image }),
      chainRebase.plan(toBase, { ...facts, image, below: [link(base)] }),
    ])
      expect(plan).toMatchObject({
        kind: 'refusal',
        problems: [{ id: 'has-dependents', file: child, details: { dependents: ['/vms/on-extent.qcow2'] } }],
      })
  })

  test('a format that is not written as an overlay is not rebased, but flattened', () => {
    const chain = [link(child, { format: 'parallels', subformat: null }), link(parent)]
    expect(chainRebase.plan(toBase, { ...facts, chain, below: [link(base)] })).toMatchObject({
      problems: [{ id: 'overlay-not-written' }],
    })
    expect(chainFlatten.plan(request, { ...facts, chain })).toMatchObject({ kind: 'plan' })
  })

  test('a child that keeps its identity is named', () => {
    const image = replaced(child, { children: ['/vms/top.vhd'], keepers: ['/vms/top.vhd'] })
    expect(chainFlatten.plan(request, { ...facts, image })).toMatchObject({
      problems: [{ id: 'child-keeps-identity', details: { keepers: ['/vms/top.vhd'] } }],
    })
  })

  test('what somebody writes to is not replaced', () => {
    const uses: Uses = {
      files: [{ path: child, uses: [{ by: 'process', pid: 12, command: 'qemu', how: 'writes' }] }],
      unseen: [],
    }
    const image = replaced(child, { uses })
    expect(chainFlatten.plan(request, { ...facts, image })).toMatchObject({ problems: [{ id: 'in-use' }] })
  })
})
