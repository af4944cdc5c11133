import { expect, test } from 'vitest'
import { DiskError, fromErrorRecord, toErrorRecord, type ErrorRecord } from './disk-error.ts'

const record = (code: string, details: Record<string, unknown>): ErrorRecord => ({
  code,
  layer: 'L2',
  file: 'web01.qcow2',
  message: 'L2 "web01.qcow2": said by its sender',
  remedy: 'do this',
  details,
})

test('an error crosses a wire whole', () => {
  const errors = [
    new DiskError('corrupt', { file: 'a', structure: 'the L1 table', reason: 'it is all ones', offset: 512 }),
    new DiskError('no-space', { file: 'a', wanted: 5, available: null }),
    new DiskError('needs-consent', { file: 'a', ids: ['in-use'], choices: [], findings: ['It is open.'] }),
    new DiskError('not-in-fleet', { file: 'north', kind: 'host' }),
    new DiskError('service-failed', {
      file: 'varve-agent',
      what: 'start it',
      why: 'no-log-on',
      reason: 'its account cannot log on',
      remedy: 'Install it again.',
      code: 1069,
    }),
  ]
  for (const error of errors) {
    const back = fromErrorRecord(toErrorRecord(error, 'a'))
    expect([back.code, back.details, back.message]).toEqual([error.code, error.details, error.message])
  }
})

test.each([
  ['without any details', record('needs-consent', {})],
  ['without its file', record('not-found', {})],
  ['with a detail of another kind', record('chain-loop', { file: 'a', path: 'b' })],
  ['with a word that is not known here', record('controller-gone', { file: 'a', why: 'new', reason: 'r' })],
  ['of a code that is not known here', record('moon-phase', { file: 'a' })],
  ['of a code that every object has', record('constructor', { file: 'a' })],
])('%s it comes back with the words of its sender', (_, from) => {
  expect(fromErrorRecord(from)).toMatchObject({
    code: 'refused',
    file: 'web01.qcow2',
    remedy: 'do this',
    message: expect.stringContaining('said by its sender'),
  })
})

test('details that are no object are no fault of who reads them', () => {
  expect(fromErrorRecord({ ...record('corrupt', {}), details: null as never }).code).toBe('refused')
})

test('a finding that is no error of its own keeps its id and its layer, and says its place once', () => {
  const message = 'L1 "web01.qcow2": zfs copies on write'
  const back = fromErrorRecord({ ...record('no-cow-impossible', {}), layer: 'L1', message })
  expect(back).toMatchObject({ code: 'refused', layer: 'L1', message })
  expect(back.details).toMatchObject({ finding: 'no-cow-impossible', reason: 'zfs copies on write' })
})
