import type { RunView } from '@varve/protocol/runs'
import { expect, test } from 'vitest'
import { wishOfFinding } from './wish-of-finding.ts'

const wish = { operation: 'delete', request: { image: '/srv/old.qcow2' } }

function run(result: Record<string, unknown> | null): RunView {
  return { steps: [{ host: 'north', result }] } as unknown as RunView
}

test('what mends a finding is a wish of the host that has found it', () => {
  const found = run({ findings: [{ wish: null }, { wish }] })
  expect(wishOfFinding(found, 1)).toEqual({ host: 'north', ...wish })
  expect(wishOfFinding(found, 0)).toBeNull()
  expect(wishOfFinding(found, 7)).toBeNull()
})

test('what was found as a whole has one wish', () => {
  expect(wishOfFinding(run({ free: 1, wish }), 0)).toEqual({ host: 'north', ...wish })
  expect(wishOfFinding(run({ free: 1, wish }), 1)).toBeNull()
  expect(wishOfFinding(run({ free: 1, wish: null }), 0)).toBeNull()
})

test('what another version has found mends nothing', () => {
  expect(wishOfFinding(run(null), 0)).toBeNull()
  expect(wishOfFinding(run({ findings: 'many' }), 0)).toBeNull()
  expect(wishOfFinding(run({ findings: [{}, { wish: { operation: 'delete' } }] }), 1)).toBeNull()
})
