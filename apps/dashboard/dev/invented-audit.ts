import { createHash } from 'node:crypto'
import type { Services } from '@varve/controller/router/context'
import type { AuditEntry, AuditLine, AuditResult } from '@varve/protocol/audit'
import { ago } from './invented-fleet.ts'

const done: AuditResult = { state: 'ok', code: null, reason: null }
const local = { kind: 'local', name: null, key: null } as const
const itself = { kind: 'controller', name: null, key: null } as const

type Told = Partial<AuditEntry> & Pick<AuditEntry, 'what'>

const told: readonly Told[] = [
  { what: 'schedules.set', on: ['host:north', 'library:north/images'], input: '{"everySeconds":2592000}' },
  { what: 'trust.makeToken', input: '{"pattern":"rack-*","token":"[not kept]"}' },
  {
    what: 'trust.join',
    who: { kind: 'nobody', name: null, key: null },
    peer: '192.0.2.17',
    on: ['host:rack-7'],
  },
  {
    what: 'audit.sign',
    kind: 'signature',
    who: itself,
    peer: null,
    result: null,
    signature: { key: '3f2a9c0d17be4455', value: '' },
  },
  {
    what: 'runs.start',
    on: ['run:run-1', 'host:north', 'file:north:/srv/vm/wiki08.qcow2'],
    plan: 'c4'.repeat(32),
  },
  {
    what: 'runs.start',
    kind: 'outcome',
    who: itself,
    onBehalfOf: local,
    peer: null,
    on: ['run:run-1', 'host:north', 'file:north:/srv/vm/wiki08.qcow2'],
    plan: 'c4'.repeat(32),
    result: { state: 'succeeded', code: null, reason: null },
    of: 5,
  },
  {
    what: 'fleet.forget',
    on: ['host:south'],
    result: { state: 'refused', code: 'refused', reason: 'its agent is connected' },
  },
  {
    what: 'images.digest',
    on: ['image:image-3'],
    result: { state: 'failed', code: 'agent-gone', reason: 'the agent on south is away' },
  },
  {
    what: 'audit.refusals',
    kind: 'alarm',
    who: itself,
    peer: null,
    result: {
      state: 'failed',
      code: null,
      reason: '812 more attempts of nobody 192.0.2.99 within a minute were refused',
    },
  },
]

function invented(): AuditLine[] {
  let previous = '0'.repeat(64)
  return told.map((one, at) => {
    const entry: AuditEntry = {
      version: 1,
      sequence: at + 1,
      at: ago((told.length - at) * 1800),
      kind: 'change',
      who: local,
      onBehalfOf: null,
      peer: '127.0.0.1',
      on: [],
      input: null,
      plan: null,
      result: done,
      of: null,
      signature: null,
      ...one,
      previous,
    }
    previous = createHash('sha256').update(JSON.stringify(entry)).digest('hex')
    return { hash: previous, entry }
  })
}

/** An audit log of a few lines, with one of each kind. */
export function inventedAudit(isEmpty: boolean, refuse: () => void): Services['audit'] {
  const lines = isEmpty ? [] : invented()
  const head = lines.at(-1)
  return {
    around: async (_call, work) => await work(),
    record: () => undefined,
    list({ who, what, on, result }) {
      refuse()
      const fits = ({ entry }: AuditLine) =>
        (who === undefined || `${entry.who.kind} ${entry.peer ?? ''}`.includes(who)) &&
        (what === undefined || entry.what.startsWith(what)) &&
        (on === undefined || entry.on.join(' ').includes(on)) &&
        (result === undefined || entry.result?.state === result)
      return { lines: lines.filter(fits).toReversed(), isMore: false }
    },
    lines: () => ({ lines, isMore: false }),
    verify: async () => ({
      entries: lines.length,
      signatures: 1,
      first: head ? 1 : null,
      head: head ? { sequence: head.entry.sequence, hash: head.hash } : null,
      signed: head ? { sequence: 4, at: ago(9000) } : null,
      faultCount: 0,
      faults: [],
      alarms: [],
    }),
    key: () => ({ id: '3f2a9c0d17be4455', publicKey: '' }),
  }
}
