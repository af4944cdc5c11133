import { expect, test } from 'vitest'
import type { CopyFacts, SourceFacts } from '../convert/facts.ts'
import { cloneOperation, CloneRequest } from './plan.ts'

function facts(path: string, report: Partial<SourceFacts['report']>): CopyFacts {
  const address = { path, format: null, reading: {} }
  const rest = {
    virtualSize: 1024 ** 3,
    fileSize: 4096,
    guest: null,
    details: {},
    snapshots: [],
    problems: [],
  }
  const source = { address, report: { format: 'vhd', subformat: null, ...rest, ...report } } as const
  return { host: 'here', sources: [source], targets: {}, backing: null, problems: [] }
}

function plan(path: string, report: Partial<SourceFacts['report']>, change: Partial<CopyFacts> = {}) {
  const request = CloneRequest.parse({ source: { path }, target: '/vms/b' })
  return cloneOperation.plan(request, { ...facts(path, report), ...change })
}

test('a clone has the format and the kind of its source', () => {
  const found = plan('/vms/a.vhd', { format: 'vhd', subformat: 'fixed' })
  expect(found).toMatchObject({
    operation: 'clone',
    summary: 'Clone a.vhd (1.00 GiB) to b, vhd fixed',
    steps: [
      { id: 'write', input: { image: { format: 'vhd', subformat: 'fixed', staging: { $fresh: 'id' } } } },
      { id: 'prove', action: 'prove-image', after: ['write'] },
      { id: 'publish', action: 'publish-image', after: ['prove'] },
    ],
    subjects: [{ host: 'here', path: '/vms/b' }],
  })
})

test.each([
  ['/vms/a.vhd', { format: 'vhd', subformat: 'differencing' }, null],
  ['/vms/a.qcow2', { format: 'qcow2', subformat: 'version 3' }, null],
  ['/vms/a.vmdk', { format: 'vmdk', subformat: 'twoGbMaxExtentSparse' }, 'twoGbMaxExtentSparse'],
  ['/vms/a.hdd', { format: 'parallels', subformat: 'expanding' }, 'bundle'],
  ['/vms/a.hds', { format: 'parallels', subformat: 'expanding' }, 'expanding'],
] as const)('%s of %j is cloned as the kind %s', (path, report, subformat) => {
  expect(plan(path, report)).toMatchObject({ steps: [{ input: { image: { subformat } } }, {}, {}] })
})

test('what is not written is refused by its name, and what has a snapshot asks', () => {
  expect(plan('/a.dmg', { format: 'udif' })).toMatchObject({
    kind: 'refusal',
    operation: 'clone',
    problems: [{ id: 'format-not-written' }],
  })
  expect(plan('/a.vhd', {}, { targets: { '/vms/b': 'file' } })).toMatchObject({
    kind: 'refusal',
    operation: 'clone',
    problems: [{ id: 'target-exists' }],
  })
  const snapshot = { id: '1', name: 'one', takenAt: '', virtualSize: null, stateSize: 0 }
  expect(plan('/a', { format: 'qcow2', snapshots: [snapshot] })).toMatchObject({
    warnings: [{ id: 'internal-snapshots', asks: true }],
  })
})
