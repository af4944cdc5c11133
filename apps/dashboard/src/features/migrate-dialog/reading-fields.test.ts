import type { PlanView } from '@varve/protocol/plans'
import { expect, test } from 'vitest'
import type { MigrateForm } from './migrate-form.ts'
import { openChoices } from './reading-fields.tsx'

const form: MigrateForm = {
  targetHost: 'south',
  targetLibrary: 'images',
  name: 'a.qcow2',
  format: 'qcow2',
  subformat: null,
  compression: 'none',
  thinPool: null,
  sparse: false,
  reading: {},
}
const refusal = (settledBy: string | undefined): PlanView => ({
  kind: 'refusal',
  operation: 'migrate',
  problems: [
    {
      id: 'x',
      severity: 'block',
      layer: 'L2',
      file: null,
      message: 'It is open.',
      remedy: 'Choose.',
      settledBy,
    },
  ],
})

test('a choice is offered when the plan asks for it, and stays when it was made', () => {
  expect(openChoices(undefined, form)).toEqual([])
  expect(openChoices(refusal(undefined), form)).toEqual([])
  expect(openChoices(refusal('vhd-bitmap'), form)).toEqual(['vhd-bitmap'])
  expect(openChoices(undefined, { ...form, reading: { vhdSize: 'current' } })).toEqual(['vhd-size'])
})

test('a choice that a newer controller knows is not offered', () => {
  expect(openChoices(refusal('something-new'), form)).toEqual([])
})
