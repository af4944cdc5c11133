import { expect, test } from 'vitest'
import type { SourceFacts } from '../convert/facts.ts'
import type { ExportFacts } from './facts.ts'
import { writeExportOperation } from './plan.ts'
import { WriteExportRequest } from './request.ts'

const MiB = 1024 ** 2
const address = { path: '/vms/a.qcow2', format: null, reading: {} }

function source(change: Partial<SourceFacts['report']> = {}): SourceFacts {
  const known = { format: 'qcow2', subformat: null, virtualSize: 64 * MiB, fileSize: 3 * MiB } as const
  return { address, report: { ...known, guest: null, details: {}, snapshots: [], problems: [], ...change } }
}

function plan(facts: Partial<ExportFacts> = {}, request: Partial<WriteExportRequest> = {}) {
  const asked = WriteExportRequest.parse({ source: address, target: 'nbd://h/x', ...request })
  const target = { size: 64 * MiB, isReadOnly: false }
  return writeExportOperation.plan(asked, { host: 'here', source: source(), target, problems: [], ...facts })
}

test('writes over the export, which has to be consented to by name, and reads it back', () => {
  expect(plan()).toEqual({
    kind: 'plan',
    operation: 'write-export',
    summary: 'Write a.qcow2 (64.0 MiB) over nbd://h/x',
    steps: [
      {
        id: 'write',
        host: 'here',
        action: 'write-export',
        input: { source: address, inUse: 'ask', target: 'nbd://h/x' },
        after: [],
        needs: [],
        estimate: { bytes: 3 * MiB, seconds: null },
      },
      {
        id: 'prove',
        host: 'here',
        action: 'prove-export',
        input: { target: 'nbd://h/x', expected: { $from: 'write', field: 'digest' } },
        after: ['write'],
        needs: [],
        estimate: { bytes: 3 * MiB, seconds: null },
      },
    ],
    warnings: [
      expect.objectContaining({ id: 'export-overwritten', asks: true, layer: 'L3', file: 'nbd://h/x' }),
    ],
    subjects: [{ host: 'here', path: 'nbd://h/x' }],
    estimate: { bytes: 6 * MiB, seconds: null },
  })
  expect(plan({}, { verify: false })).toMatchObject({ steps: [{ id: 'write' }] })
})

test('asks what is to become of internal snapshots', () => {
  const snapshots = [
    { id: '1', name: 'old', takenAt: '2026-01-01T00:00:00.000Z', virtualSize: null, stateSize: 0 },
  ]
  const having = { source: source({ snapshots }) }
  expect(plan(having)).toMatchObject({ warnings: [{}, { id: 'internal-snapshots', asks: true }] })
  expect(plan(having, { snapshots: 'drop' })).toMatchObject({ warnings: [{ id: 'export-overwritten' }] })
})

test.each<[string, Partial<ExportFacts>, string]>([
  ['one that is read-only', { target: { size: 64 * MiB, isReadOnly: true } }, 'not-writable'],
  ['one that is smaller', { target: { size: 63 * MiB, isReadOnly: false } }, 'refused'],
  [
    'one that is larger, whose rest would be of another disk',
    { target: { size: 65 * MiB, isReadOnly: false } },
    'refused',
  ],
  [
    'one that is not there',
    {
      target: null,
      problems: [
        { id: 'nbd-failed', severity: 'block', layer: 'L3', file: 'nbd://h/x', message: 'no', remedy: 'no' },
      ],
    },
    'nbd-failed',
  ],
])('%s is refused', (_, facts, id) => {
  expect(plan(facts)).toMatchObject({ kind: 'refusal', problems: [{ id }] })
})
