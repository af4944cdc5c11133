import { createPublicKey } from 'node:crypto'
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { AuditLine, type AuditCheck } from '@varve/protocol/audit'
import { canonicalJson, checkChain, hashOfText } from '@varve/trust/audit-chain'
import { describe, expect, test } from 'vitest'
import { startFakeAgent } from '../testing/fake-agent.ts'
import { ended, startMigration } from '../testing/migrate-story.ts'
import { sampleRecord } from '../testing/samples.ts'
import { eventually, startTestController } from '../testing/start-test-controller.ts'

type Controller = Awaited<ReturnType<typeof startTestController>>

const schedule = { host: 'north', library: 'images', everySeconds: 86_400, window: null, isOn: false }

async function linesOf({ client }: Controller) {
  return (await client.audit.lines.query({})).lines.map(({ entry }) => entry)
}

/** Five changes of a person, and what was refused to it. */
async function change({ client, url }: Controller): Promise<void> {
  const agent = await startFakeAgent({ url, name: 'north' })
  await agent.vanish()
  for (const everySeconds of [90_000, 100_000, 110_000, 120_000])
    await client.schedules.set.mutate({ ...schedule, everySeconds })
  await client.schedules.remove.mutate({ host: 'north', library: 'images' })
  await client.fleet.rescan.mutate({ name: 'nobody' }).catch(() => undefined)
}

describe('the audit log', () => {
  test('has every change with who, what, on what and what became of it; the end of a run is a line of its own', async () => {
    await using controller = await startTestController()
    const { url, client } = controller
    await using _north = await startFakeAgent({
      url,
      name: 'north',
      images: [sampleRecord('north', 'web01.vmdk')],
    })
    await using _south = await startFakeAgent({ url, name: 'south' })
    await eventually(async () => (await client.images.list.query({})).total === 1)
    const id = await startMigration(client)
    await ended(client, id)
    await client.migrations.forget.mutate({ id })
    await client.migrations.cancel.mutate({ id: 'not-there' }).catch(() => undefined)
    await fetch(`${url}/trpc/schedules.set`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"host":7}',
    })
    await fetch(`${url}/api/uploads/none?at=0`, { method: 'PUT', body: 'x' })
    const lines = (await linesOf(controller)).filter(({ kind }) => kind !== 'signature')
    const shown = lines.map(({ kind, what, result }) => [kind, what, result?.state, result?.code])
    expect(shown).toEqual([
      ['change', 'migrations.start', 'ok', null],
      ['outcome', 'migrations.start', 'succeeded', null],
      ['change', 'migrations.forget', 'ok', null],
      ['change', 'migrations.cancel', 'refused', 'not-in-fleet'],
      ['change', 'schedules.set', 'refused', 'invalid-request'],
      ['change', 'files.upload', 'refused', '410'],
    ])
    const [start, outcome] = lines
    expect(start).toMatchObject({
      who: { kind: 'local', name: null },
      peer: '127.0.0.1',
      plan: expect.stringMatching(/^[0-9a-f]{64}$/u),
      on: expect.arrayContaining([`run:${id}`, 'host:north', 'host:south', 'library:south/images']),
      of: null,
    })
    expect(outcome).toMatchObject({
      who: { kind: 'controller' },
      onBehalfOf: { kind: 'local' },
      of: start?.sequence,
      plan: start?.plan,
    })
    expect(await client.audit.verify.query({})).toMatchObject({ faultCount: 0, entries: lines.length })
  })

  test('keeps the start of a run in the transaction of the run, and no line of one that was not', async () => {
    await using controller = await startTestController()
    const { client } = controller
    await expect(
      client.runs.start.mutate({
        host: 'nowhere',
        library: 'images',
        operation: 'check',
        request: {},
        accepted: [],
        idempotencyKey: 'an-idempotency-key',
      }),
    ).rejects.toThrow()
    const [line, ...others] = await linesOf(controller)
    expect(line).toMatchObject({ what: 'runs.start', result: { state: 'failed', code: 'agent-gone' } })
    expect(others).toEqual([])
  })

  test('holds no secret, wherever it stands in what was asked, and nothing that is too long', async () => {
    await using controller = await startTestController()
    const { client } = controller
    const secret = 'correct-horse-battery-staple'
    const fields = [
      'passphrase',
      'password',
      'token',
      'apiKey',
      'key',
      'secret',
      'clientSecret',
      'authorization',
    ]
    const request = {
      ...Object.fromEntries(fields.map((name) => [name, secret])),
      deep: { deeper: [{ luksPassphrase: secret, source: `nbd://user:${secret}@10.0.0.1/disk` }] },
      long: 'x'.repeat(100_000),
      many: Array.from({ length: 1000 }, (_, at) => at),
    }
    const wish = { host: 'none', library: 'images', operation: 'check', request, accepted: [] }
    await client.runs.start.mutate({ ...wish, idempotencyKey: secret }).catch(() => undefined)
    const [line] = await linesOf(controller)
    expect(line?.what).toBe('runs.start')
    expect(line?.input).toContain('[not kept]')
    expect(JSON.stringify(line).length).toBeLessThan(5000)
    await controller.restart()
    for (const name of readdirSync(controller.config.data, { withFileTypes: true }))
      if (name.isFile())
        expect(readFileSync(join(controller.config.data, name.name)).includes(secret), name.name).toBe(false)
  })

  test('of many refused attempts keeps a part and a count', async () => {
    await using controller = await startTestController()
    for (let round = 0; round < 10; round += 1)
      await Promise.allSettled(
        Array.from({ length: 20 }, () => controller.client.fleet.rescan.mutate({ name: 'nobody' })),
      )
    const refused = await linesOf(controller)
    expect(refused).toHaveLength(120)
    await controller.restart()
    const lines = await linesOf(controller)
    expect(lines.find(({ what }) => what === 'audit.refusals')?.result?.reason).toContain('80 more attempts')
  })

  test('is signed at the end, gives filtered pages, and is checked without the controller', async () => {
    await using controller = await startTestController()
    await change(controller)
    await controller.restart()
    const { client } = controller
    const all = await client.audit.lines.query({})
    expect(all.lines.map(({ entry }) => entry.what)).toEqual([
      ...Array<string>(4).fill('schedules.set'),
      'schedules.remove',
      'fleet.rescan',
      'audit.sign',
    ])
    const filtered = async (filter: object) =>
      (await client.audit.list.query(filter)).lines.map(({ entry }) => entry.sequence)
    expect(await filtered({ what: 'schedules.' })).toEqual([5, 4, 3, 2, 1])
    expect(await filtered({ what: 'schedules.', before: 4, limit: 2 })).toEqual([3, 2])
    expect(await filtered({ result: 'refused' })).toEqual([6])
    expect(await filtered({ on: 'host:nobody' })).toEqual([6])
    expect(await filtered({ who: 'controller' })).toEqual([7])
    expect(await filtered({ who: '127.0.0.1', on: 'library:north/images', limit: 1 })).toEqual([5])
    expect(await filtered({ since: new Date(Date.now() + 60_000).toISOString() })).toEqual([])
    expect(await filtered({ until: new Date(Date.now() - 60_000).toISOString() })).toEqual([])
    const { publicKey } = await client.audit.key.query()
    const offline = checkChain({ publicKey: createPublicKey(publicKey), isWhole: true, heads: [] })
    for (const { hash, entry } of all.lines) offline.take({ sequence: null, hash, entry })
    expect(offline.end()).toMatchObject({ faultCount: 0, signatures: 1, signed: { sequence: 7 } })
    const last = all.lines.at(-1)?.hash ?? ''
    expect(await client.audit.verify.query({ head: last })).toMatchObject({
      faultCount: 0,
      signed: { sequence: 7 },
    })
    expect(await client.audit.verify.query({ head: 'a'.repeat(64) })).toMatchObject({ faultCount: 1 })
  })
})

/** Edits the database as somebody who may write to it, and knows how it is made. */
function tamper(controller: Controller, edit: (db: Database.Database) => void): void {
  const db = new Database(join(controller.config.data, 'inventory.sqlite'))
  for (const trigger of ['audit_is_not_changed', 'audit_is_not_removed']) db.exec(`DROP TRIGGER ${trigger}`)
  edit(db)
  db.close()
}

interface Kept {
  readonly sequence: number
  readonly entry: string
  readonly hash: string
}

const rows = (db: Database.Database) =>
  db.prepare<[], Kept>('SELECT sequence, entry, hash FROM audit ORDER BY sequence').all()

/** Writes a line anew, with a hash that fits. */
function rewrite(db: Database.Database, sequence: number, changed: object): string {
  const row = rows(db).find((one) => one.sequence === sequence)
  const entry = { ...(JSON.parse(row?.entry ?? '{}') as object), ...changed }
  const text = canonicalJson(entry)
  const hash = hashOfText(text)
  db.prepare('UPDATE audit SET entry = ?, hash = ? WHERE sequence = ?').run(text, hash, sequence)
  return hash
}

/** Writes all lines from this one on anew, each on the one before. */
function rewriteFrom(db: Database.Database, first: number): void {
  let previous = rows(db).find(({ sequence }) => sequence === first - 1)?.hash ?? '0'.repeat(64)
  for (const { sequence } of rows(db)) if (sequence >= first) previous = rewrite(db, sequence, { previous })
}

const nobody = { who: { kind: 'person', name: 'somebody else', key: null } }

const tampers: readonly [string, (db: Database.Database) => void, string][] = [
  [
    'a line was changed',
    (db) => void db.exec(`UPDATE audit SET entry = replace(entry, '100000', '999999') WHERE sequence = 2`),
    'line 2 was changed',
  ],
  [
    'a line was changed with its hash',
    (db) => void rewrite(db, 3, nobody),
    'line 4 does not follow on line 3',
  ],
  [
    'a line was changed and all after it written anew',
    (db) => {
      rewrite(db, 3, nobody)
      rewriteFrom(db, 4)
    },
    'the signature in line 7 is not of what stands before it',
  ],
  ['a line was removed', (db) => void db.exec('DELETE FROM audit WHERE sequence = 3'), 'line 3 is missing'],
  [
    'lines were removed',
    (db) => void db.exec('DELETE FROM audit WHERE sequence IN (2, 3)'),
    'lines 2 to 3 are missing',
  ],
  [
    'the first was removed',
    (db) => void db.exec('DELETE FROM audit WHERE sequence = 1'),
    'line 1 is missing',
  ],
  [
    'a line was removed and all after it written anew',
    (db) => {
      db.exec('DELETE FROM audit WHERE sequence = 3')
      for (const { sequence } of rows(db)) if (sequence > 3) rewrite(db, sequence, { sequence: sequence - 1 })
      db.exec('UPDATE audit SET sequence = sequence - 1 WHERE sequence > 3')
      rewriteFrom(db, 3)
    },
    'the signature in line 6 is not of what stands before it',
  ],
  [
    'two lines changed places',
    (db) => {
      const [first, second] = rows(db)
      const put = db.prepare('UPDATE audit SET entry = ?, hash = ? WHERE sequence = ?')
      put.run(second?.entry, second?.hash, 1)
      put.run(first?.entry, first?.hash, 2)
    },
    'in the place of line 1 stands line 2',
  ],
  [
    'a line was put in',
    (db) => {
      for (const { sequence } of rows(db).toReversed())
        if (sequence > 3)
          db.prepare('UPDATE audit SET sequence = sequence + 1 WHERE sequence = ?').run(sequence)
      db.exec(
        `INSERT INTO audit SELECT 4, entry, hash, at, who, what, subjects, state, run FROM audit WHERE sequence = 3`,
      )
      rewrite(db, 4, { sequence: 4, previous: rows(db)[2]?.hash })
    },
    'in the place of line 5 stands line 4',
  ],
  [
    'the last lines were cut off',
    (db) => void db.exec('DELETE FROM audit WHERE sequence > 4'),
    'which was the last when it was written',
  ],
  ['all lines were removed', (db) => void db.exec('DELETE FROM audit'), 'which was the last when it was'],
  [
    'the last lines were cut off with the head',
    (db) => {
      db.exec('DELETE FROM audit WHERE sequence > 4')
      db.exec('UPDATE audit_state SET sealedHead = NULL')
    },
    'which was the last when it was signed',
  ],
  [
    'the head is one of another',
    (db) => void db.exec(`UPDATE audit_state SET sealedHead = 's1.AAAA'`),
    'cannot be opened',
  ],
  [
    'the signature is another one',
    (db) => void rewrite(db, 7, { signature: { key: 'a'.repeat(16), value: '' } }),
    'line 7 is signed by another key',
  ],
  [
    'what is filtered by was changed',
    (db) => void db.exec(`UPDATE audit SET who = 'somebody else' WHERE sequence = 2`),
    'what line 2 is filtered by was changed',
  ],
  [
    'a line is no line',
    (db) => void db.exec(`UPDATE audit SET entry = 'nothing' WHERE sequence = 2`),
    'line 2 is no line of an audit log',
  ],
]

describe('a log that was tampered with says so', () => {
  test.each(tampers)('when %s', async (_how, edit, said) => {
    await using controller = await startTestController()
    await change(controller)
    await controller.restart()
    expect(await controller.client.audit.verify.query({})).toMatchObject({ faultCount: 0, entries: 7 })
    // While it runs: the heads are as they were.
    tamper(controller, edit)
    const found: AuditCheck = await controller.client.audit.verify.query({})
    expect(found.faultCount).toBeGreaterThan(0)
    expect(found.faults.map(({ message }) => message).join('\n')).toContain(said)
  })

  test('when the file with its head was removed, alone or with the whole log', async () => {
    await using controller = await startTestController()
    await change(controller)
    await controller.restart(() => rmSync(join(controller.config.data, 'audit.head')))
    const reasons = async () =>
      (await linesOf(controller)).filter(({ kind }) => kind === 'alarm').map(({ result }) => result?.reason)
    expect(await reasons()).toEqual([expect.stringContaining('the file with the head of the log is gone')])
    await controller.restart(() => {
      tamper(controller, (db) => void db.exec('DELETE FROM audit; DELETE FROM audit_state'))
      rmSync(join(controller.config.data, 'audit.head'))
    })
    expect(await reasons()).toEqual([expect.stringContaining('the file with the head of the log is gone')])
    rmSync(join(controller.config.data, 'audit.head'))
    const found: AuditCheck = await controller.client.audit.verify.query({})
    expect(found.faults.map(({ message }) => message)).toContain(
      'the file with the head that was signed last is gone',
    )
  })

  test('when it was cut while the controller was stopped, and goes on from there', async () => {
    await using controller = await startTestController()
    await change(controller)
    await controller.restart()
    await change(controller)
    const { lines } = await controller.client.audit.lines.query({})
    const kept = AuditLine.parse(lines.at(-1)).hash
    await controller.restart(() =>
      tamper(controller, (db) => void db.exec('DELETE FROM audit WHERE sequence > 9')),
    )
    const alarm = (await linesOf(controller)).filter(({ kind }) => kind === 'alarm')
    expect(alarm.map(({ result }) => result?.reason)).toEqual([
      expect.stringContaining('the log was left at line 14'),
      expect.stringContaining('the log was left at line 14'),
    ])
    const check = await controller.client.audit.verify.query({ head: kept })
    expect(check.faults.map(({ message }) => message)).toEqual([
      expect.stringContaining('which you keep: it was cut or written anew'),
    ])
    expect(check.alarms.map(({ sequence }) => sequence)).toEqual([10, 11])
  })

  test('when a former state of the whole database was put back', async () => {
    await using controller = await startTestController()
    await change(controller)
    await controller.restart()
    let before: Buffer | null = null
    const path = join(controller.config.data, 'inventory.sqlite')
    await controller.restart(() => {
      before = readFileSync(path)
    })
    await change(controller)
    await controller.restart(() => {
      if (before) new Database(path).close()
      for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true })
      if (before) writeFileSync(path, before)
    })
    const alarms = (await linesOf(controller)).filter(({ kind }) => kind === 'alarm')
    expect(alarms).toHaveLength(1)
    expect(alarms[0]?.result?.reason).toContain('or this data folder was restored from a backup')
  })
})
