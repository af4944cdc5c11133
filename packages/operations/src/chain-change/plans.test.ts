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
    dependents: [],
    unseen: null,
    use: [],
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
    const use = [
      { id: 'in-use', severity: 'warn', layer: 'L1', file: child, message: 'open', remedy: 'Stop it.' },
    ] as const
    const image = replaced(child, { use })
    expect(chainFlatten.plan(request, { ...facts, image })).toMatchObject({ problems: [{ id: 'in-use' }] })
  })
})
