import { expect, test } from 'vitest'
import type { ActionCall } from '../actions/action.ts'
import { forgetAttachment } from '../actions/forget-attachment.ts'
import { reserveDevice } from '../actions/reserve-device.ts'
import { samplePlan, sampleOutcome } from '../testing/sample-plan.ts'
import { beginAnew, heldByMachine, wasRestarted } from './begin-anew.ts'
import type { JournalEntry } from './journal.ts'
import { runState } from './run-state.ts'

const at = '2026-01-01T00:00:00.000Z'
const created: JournalEntry = {
  event: 'created',
  at,
  run: 'r1',
  request: {},
  accepted: [],
  plan: samplePlan(),
}
const called = (step: string, call: ActionCall): JournalEntry => ({
  event: 'started',
  at,
  step,
  attempt: 1,
  call,
})
const done = (step: string, outcome: unknown = {}): JournalEntry => ({
  event: 'done',
  at,
  step,
  attempt: 1,
  outcome,
  told: '',
})
const image = { target: '/b.qcow2', staging: 'id1', format: 'qcow2', subformat: null }
const write = {
  source: { path: '/a.raw', format: 'raw', reading: {} },
  image: { ...image, compression: 'none', options: {}, backing: null, guest: {} },
}
const stateOf = (...entries: readonly JournalEntry[]) => runState([created, ...entries], 'memory')
const written = [
  called('write', { action: 'write-image', input: write }),
  done('write', sampleOutcome('write-image', write)),
]

test('of what nobody has seen nothing is relied on after a restart: the newest step goes first', () => {
  expect(beginAnew(stateOf())).toEqual([])
  const state = stateOf(
    ...written,
    called('prove', {
      action: 'prove-image',
      input: { image, expected: 'a'.repeat(64), durability: 'synced' },
    }),
  )
  const entries = beginAnew(state)
  expect(entries).toMatchObject([
    { event: 'failed', step: 'prove', attempt: 1, again: true },
    { event: 'failed', step: 'write', attempt: 1, again: true, error: { code: 'canceled' } },
  ])
  const after = runState(
    [created, ...written, ...entries.slice(1).map((entry) => ({ ...entry, at }))] as JournalEntry[],
    '',
  )
  expect(after.steps.map(({ phase }) => phase)).toEqual(['waiting', 'waiting', 'waiting'])
  expect(after.error).toBeNull()
})

test('what others may have seen goes on where it was', () => {
  const publish = { action: 'publish-image', input: { image, expected: null } }
  expect(beginAnew(stateOf(...written, called('publish', publish)))).toEqual([])
})

test('a device that was chosen is the machine’s until it is forgotten', () => {
  const reserve = {
    action: reserveDevice.name,
    input: {
      attachment: 'id1',
      image: '/w',
      how: 'loop',
      isReadOnly: false,
      isThrowAway: false,
      purpose: 'attach',
    },
  }
  const reserved = [called('write', reserve), done('write')]
  expect(heldByMachine(stateOf(...reserved))).toEqual([reserve])
  const forget = { action: forgetAttachment.name, input: { attachment: 'id1' } }
  expect(heldByMachine(stateOf(...reserved, called('prove', forget)))).toEqual([])
})

test('a machine was restarted when it is another run of it than a step began in', () => {
  const [begun] = written
  if (begun?.event !== 'started') throw new Error('no beginning')
  const host = created.plan.steps[0]?.host
  const now = (boot: string | null) => (name: string) => (name === host ? boot : null)
  const state = stateOf({ ...begun, boot: 'one' }, ...written.slice(1))
  expect([now('one'), now('two'), now(null)].map((one) => wasRestarted(state, one))).toEqual([
    false,
    true,
    false,
  ])
  expect(wasRestarted(stateOf(...written), now('two'))).toBe(false)
  const failed = beginAnew(state).map((entry) => ({ ...entry, at })) as JournalEntry[]
  expect(wasRestarted(stateOf({ ...begun, boot: 'one' }, ...written.slice(1), ...failed), now('two'))).toBe(
    false,
  )
})
