import { describe, expect, test } from 'vitest'
import type { ImageFacts, InternalSnapshot } from '../image/image-facts.ts'
import type { AllocationSummary, ChainLink } from '../image/image-report.ts'
import { estimateReclaim } from './reclaim-estimate.ts'

const mib = 1024 * 1024
const gib = 1024 * mib

const facts: ImageFacts = {
  format: 'qcow2',
  subformat: 'version 3',
  virtualSize: 40 * gib,
  clusterSize: 64 * 1024,
  identity: { kind: 'none' },
  parent: null,
  parts: [],
  snapshots: [],
  details: {},
  problems: [],
}
const link: ChainLink = {
  path: 'disk.qcow2',
  format: 'qcow2',
  subformat: 'version 3',
  virtualSize: 40 * gib,
  fileSize: 10 * gib,
  allocated: 10 * gib,
  clusterSize: 64 * 1024,
  identity: { kind: 'none' },
}
const allocation: AllocationSummary = {
  cellSize: mib,
  data: '',
  zero: '',
  reclaimable: null,
  dataBytes: 6 * gib,
  zeroBytes: 0,
  absentBytes: 34 * gib,
}
const findings = { facts, chain: [link], allocation, reclaimable: 2 * gib, allocated: 10 * gib }
const snapshot: InternalSnapshot = { id: '1', name: 'a', takenAt: '', virtualSize: null, stateSize: 0 }

const bytesOf = (given: Parameters<typeof estimateReclaim>[0]) =>
  Object.fromEntries(estimateReclaim(given).map(({ kind, bytes }) => [kind, bytes]))

describe('what each layer would give back', () => {
  test('the guest, the container, and what only reading would tell', () => {
    const gains = estimateReclaim(findings)
    expect(gains.map(({ layer, kind }) => [layer, kind])).toEqual([
      ['L6', 'guest-free'],
      ['L2', 'zeros'],
      ['L2', 'container-slack'],
    ])
    const { 'guest-free': free, zeros, 'container-slack': slack } = bytesOf(findings)
    expect([free, zeros]).toEqual([2 * gib, null])
    expect(slack).toBeGreaterThan(3.9 * gib)
    expect(slack).toBeLessThan(4 * gib)
  })

  test('what snapshots hold at most takes the place of slack', () => {
    const given = { ...findings, facts: { ...facts, snapshots: [snapshot] } }
    expect(bytesOf(given)).toHaveProperty('snapshots')
    expect(bytesOf(given)).not.toHaveProperty('container-slack')
  })

  test('tables alone are no slack', () => {
    expect(bytesOf({ ...findings, allocated: 6 * gib + 12 * mib })).toMatchObject({ 'container-slack': 0 })
  })

  test('a raw file gives back what was reserved and never written', () => {
    const raw = { ...facts, format: 'raw', clusterSize: null } as const
    expect(bytesOf({ ...findings, facts: raw })).toMatchObject({ 'file-slack': 4 * gib })
    expect(bytesOf({ ...findings, facts: raw, allocated: 5 * gib })).toMatchObject({ 'file-slack': 0 })
  })
})

describe('what is not known', () => {
  test.each([
    ['compressed data', { allocated: 3 * gib }],
    ['no word of the host', { allocated: null }],
    ['a chain', { chain: [link, link] }],
  ])('%s', (_, change) => {
    expect(bytesOf({ ...findings, ...change })).toMatchObject({ 'container-slack': null })
  })

  test('a raw file without holes', () => {
    const raw = { ...facts, format: 'raw', clusterSize: null } as const
    const full = { ...allocation, dataBytes: 40 * gib }
    expect(bytesOf({ ...findings, facts: raw, allocation: full, allocated: 40 * gib })).toMatchObject({
      'file-slack': null,
    })
  })

  test('no filesystem that tells, and no disk that opens', () => {
    expect(bytesOf({ ...findings, reclaimable: null })).toMatchObject({ 'guest-free': null })
    expect(estimateReclaim({ ...findings, allocation: null })).toEqual([])
  })
})
