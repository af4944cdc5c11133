import { expect, test } from 'vitest'
import type { ChainRepointFacts } from './facts.ts'
import { planChainRepoint } from './plan.ts'

const size = 8 * 1024 ** 2
const facts: ChainRepointFacts = {
  host: 'north',
  problems: [],
  repoint: {
    image: { path: '/vms/child.qcow2', format: 'qcow2', virtualSize: size },
    parent: { path: '/new/base.qcow2', format: 'qcow2', virtualSize: size },
    old: { path: '/vms/base.qcow2', format: 'qcow2' },
    says: ['The backing file becomes "/new/base.qcow2", its format qcow2.'],
    bytes: 120,
  },
}
const possible = facts.repoint
if (possible === null) throw new TypeError('the facts are of a possible one')
const request = {
  image: '/vms/child.qcow2',
  parent: '/new/base.qcow2',
  parentFormat: null,
  proof: 'wanted',
  by: 'varve',
} as const

test('the new parent is proven before its name is written', () => {
  expect(planChainRepoint(request, facts)).toMatchSnapshot()
})

test('a parent that cannot be read any more needs a word by name', () => {
  const lost = { ...facts, repoint: { ...possible, old: { missing: 'there is no such file' } } }
  expect(planChainRepoint(request, lost)).toMatchSnapshot()
})

test('a waived proof is said, and needs that word too', () => {
  expect(planChainRepoint({ ...request, proof: 'waived' }, facts)).toMatchSnapshot()
})

test('where it is named so already nothing is done', () => {
  expect(planChainRepoint(request, { ...facts, repoint: { ...possible, bytes: 0 } })).toMatchSnapshot()
})

test('Hyper-V writes into a copy that takes the place, and only VHD and VHDX', () => {
  const image = { path: '/vms/child.vhdx', format: 'vhdx', virtualSize: size } as const
  const parent = { path: '/new/base.vhdx', format: 'vhdx', virtualSize: size } as const
  const asked = { ...request, by: 'hyper-v' } as const
  const repoint = { ...possible, image, parent, old: { path: '/vms/base.vhdx', format: 'vhdx' } as const }
  expect(planChainRepoint(asked, { ...facts, repoint, hasHyperV: true })).toMatchSnapshot()
  expect(planChainRepoint(asked, { ...facts, repoint, hasHyperV: false })).toMatchObject({
    kind: 'refusal',
    problems: [{ id: 'tool-missing' }],
  })
  expect(planChainRepoint(asked, { ...facts, hasHyperV: true })).toMatchObject({
    kind: 'refusal',
    problems: [{ id: 'refused' }],
  })
})

test('it is refused for what speaks against it', () => {
  const problem = {
    id: 'in-use',
    severity: 'block',
    layer: 'L1',
    file: '/vms/child.qcow2',
    message: 'it is open',
    remedy: 'Stop it.',
  } as const
  expect(planChainRepoint(request, { ...facts, problems: [problem] })).toEqual({
    kind: 'refusal',
    operation: 'chain-repoint',
    problems: [problem],
  })
})
