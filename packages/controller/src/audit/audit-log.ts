import { AsyncLocalStorage } from 'node:async_hooks'
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type {
  AuditCheck,
  AuditEntry,
  AuditKey,
  AuditPage,
  AuditResult,
  AuditWho,
  AuditFilter,
} from '@varve/protocol/audit'
import type { JournalEntry } from '@varve/operations/runs/journal'
import type { RunState } from '@varve/operations/runs/run-state'
import {
  canonicalJson,
  checkChain,
  hashOfText,
  keyIdOf,
  signHead,
  type ChainHead,
} from '@varve/trust/audit-chain'
import type { Secrets } from '@varve/trust/secrets'
import {
  auditLines,
  auditRowsAfter,
  beginningOfRun,
  derive,
  insertAudit,
  insertAuditState,
  lastAudit,
  lastAuditOf,
  readAuditState,
  setSealedHead,
  type AuditRow,
} from '../store/audit-store.ts'
import { endWritesWith, write, type Db, type Queries } from '../store/database.ts'
import { createHeads, noHead } from './heads.ts'
import { createRefusals } from './refusals.ts'
import { done, resultOf } from './result-of.ts'
import { boundSubjects, subjectsOf } from './subjects-of.ts'
import { summarizeInput } from './summarize-input.ts'
import { controllerItself } from './who-of.ts'

/** A call that changes something, before it is known what becomes of it. */
export interface AuditCall {
  readonly who: AuditWho
  readonly peer: string | null
  readonly what: string
  readonly input: unknown
  /** What it is about, beside what its input says. */
  readonly on?: readonly string[]
}

/** A change that somebody made, or tried to, as one line. */
export interface AuditRecord extends AuditCall {
  readonly result: AuditResult
}

/** What people and routers need of the log. */
export interface AuditService {
  /** Does `work` and keeps a line of it: with the first write of it in one transaction, or at its end. */
  around<T>(call: AuditCall, work: () => Promise<T>, judge: (value: T) => AuditResult): Promise<T>
  record(line: AuditRecord): void
  list(query: AuditFilter & { readonly before: number | null; readonly limit: number }): AuditPage
  lines(query: AuditFilter & { readonly after: number; readonly limit: number }): AuditPage
  /** Goes along the whole log; `head`: the hash of a line that somebody kept. */
  verify(head: string | null): Promise<AuditCheck>
  key(): AuditKey
}

/** The log of who changed what. */
export interface AuditLog {
  readonly service: AuditService
  /** What the change of the call that is going is about; in its transaction. A run of nobody's call is a line of its own. */
  began(tx: Queries, run: BegunRun): void
  /** The end of a run is a line, in the transaction of its entry. */
  watch(tx: Queries, entry: JournalEntry, state: RunState): void
  /** Signs what is not signed yet, if it is time for it. */
  signIfDue(): void
  /** Signs all and keeps the head apart. */
  stop(): void
}

export interface BegunRun {
  readonly id: string
  readonly planDigest: string
  readonly subjects: readonly { readonly host: string; readonly path: string }[]
  readonly hosts: readonly string[]
  readonly summary: string
  readonly askedBy: string | null
}

export interface AuditLogOptions {
  readonly db: Db
  readonly secrets: Secrets
  /** File beside the database with the last line that was signed; null: none, for tests. */
  readonly headFile: string | null
  /** Whether this controller was started before, which leaves that file. */
  readonly wasStarted?: boolean
  readonly now: () => number
  readonly onError: (error: unknown) => void
}

/** A line without what the log itself adds. */
type Draft = Omit<AuditEntry, 'version' | 'sequence' | 'at' | 'previous'>

/** A call on its way. */
interface Going {
  readonly call: AuditCall
  readonly on: string[]
  plan: string | null
  /** Whether the next write is what it is about. */
  isAtChange: boolean
  /** Number of its line once that is kept. */
  kept: number | null
  isOpen: boolean
}

const signMs = 86_400_000
const checkEvery = 1000
const minuteMs = 60_000
const keyPurpose = 'audit key'
const signatureWhat = 'audit.sign'

/** Calls that ask a host before they change anything; what they write for that is not the change. */
const asksFirst = new Set([
  'runs.start',
  'migrations.start',
  'images.digest',
  'images.inspect',
  'uploads.begin',
  'uploads.cancel',
])

function goingOf(call: AuditCall): Going {
  return { call, on: [...(call.on ?? [])], plan: null, isAtChange: false, kept: null, isOpen: true }
}

/** Opens the log, with its key at first use; says in it when it is not as it was left. */
export function createAuditLog(options: AuditLogOptions): AuditLog {
  const { db, secrets, now } = options
  const going = new AsyncLocalStorage<Going>()
  const heads = createHeads(secrets, options.headFile)
  const refusals = createRefusals(now, (from, more) =>
    summary('audit.refusals', `${more} more attempts of ${from} within a minute were refused`),
  )
  const { key, publicKey } = openKey(db, secrets)
  const keyId = keyIdOf(key)

  function append(tx: Queries, draft: Draft): number {
    const before = lastAudit(tx) ?? noHead
    const entry: AuditEntry = {
      version: 1,
      sequence: before.sequence + 1,
      at: new Date(now()).toISOString(),
      previous: before.hash,
      ...draft,
    }
    const text = canonicalJson(entry)
    const hash = hashOfText(text)
    insertAudit(tx, entry, { text, hash })
    setSealedHead(tx, heads.seal({ sequence: entry.sequence, hash }))
    return entry.sequence
  }

  function draftOf({ call, on, plan }: Going, result: AuditResult, of: number | null): Draft {
    return {
      kind: of === null ? 'change' : 'outcome',
      who: call.who,
      onBehalfOf: null,
      peer: call.peer,
      what: call.what,
      on: boundSubjects([...on, ...subjectsOf(call.what, call.input)]),
      input: of === null ? summarizeInput(call.input) : null,
      plan,
      result,
      of,
      signature: null,
    }
  }

  function alarm(what: string, reason: string): void {
    const line = { who: controllerItself, onBehalfOf: null, peer: null, on: [], input: null, plan: null }
    const result: AuditResult = { state: 'failed', code: null, reason: reason.slice(0, 500) }
    write(db, (tx) => append(tx, { kind: 'alarm', ...line, what, result, of: null, signature: null }))
  }

  /** Nothing was lost: what is many is told as one. */
  function summary(what: string, reason: string): void {
    const line = { who: controllerItself, onBehalfOf: null, peer: null, on: [], input: null, plan: null }
    const result: AuditResult = { state: 'refused', code: null, reason: reason.slice(0, 500) }
    write(db, (tx) => append(tx, { kind: 'change', ...line, what, result, of: null, signature: null }))
  }

  function end(one: Going, result: AuditResult): void {
    one.isOpen = false
    if (result.state === 'ok' && one.kept !== null) return
    if (result.state === 'refused' && one.kept === null && refusals.isTooMuch(fromOf(one.call))) return
    write(db, (tx) => append(tx, draftOf(one, result, one.kept)))
  }

  // What a call writes first, and that it did, are kept together or not at all.
  endWritesWith(db, (tx) => {
    const one = going.getStore()
    if (!one?.isOpen || !one.isAtChange || one.kept !== null) return null
    const sequence = append(tx, draftOf(one, done, null))
    return () => {
      one.kept = sequence
    }
  })

  /** Notes at the start what is not as the controller left it: from here on the log goes on, and the heads with it. */
  function checkHeads(): void {
    const last = lastAudit(db) ?? noHead
    const found = [
      [heads.open(readAuditState(db)?.sealedHead ?? null), true],
      [heads.inFile(), false],
    ] as const
    let isOtherwise = false
    const say = (reason: string) => {
      isOtherwise = true
      alarm('audit.head', reason)
    }
    for (const [head, isNewest] of found) {
      if (head === null) {
        if (isNewest && last.sequence > 0) say('the head of the log that was kept apart is gone')
      } else if (head === 'damaged') {
        say('the head of the log that was kept apart cannot be opened: it is of something else')
      } else if (isNewest ? head.sequence !== last.sequence || head.hash !== last.hash : !isThere(head)) {
        say(
          `the log was left at line ${head.sequence} (${head.hash}) and is found at line ${last.sequence} (${last.hash}): it was cut or written anew, or this data folder was restored from a backup`,
        )
      }
    }
    if (options.headFile !== null && heads.inFile() === null) {
      if (options.wasStarted === true)
        say(
          'the file with the head of the log is gone, which every start leaves: it was removed, or this data folder is not whole',
        )
      else heads.keepInFile(last)
    }
    // It is said in the log, and signed there: the heads are those of what is there from here on.
    if (isOtherwise) sign()
  }

  function isThere({ sequence, hash }: ChainHead): boolean {
    return sequence === 0 || auditRowsAfter(db, sequence - 1, 1)[0]?.hash === hash
  }

  function sign(): void {
    const head = lastAudit(db)
    if (head === null) return
    write(db, (tx) => {
      const signature = { key: keyId, value: signHead(key, head) }
      const line = { who: controllerItself, onBehalfOf: null, peer: null, on: [], input: null, plan: null }
      append(tx, { kind: 'signature', ...line, what: signatureWhat, result: null, of: null, signature })
    })
    heads.keepInFile(lastAudit(db) ?? noHead)
  }

  function isSigned(): boolean {
    const last = lastAudit(db)
    if (last === null) return true
    const [row] = auditRowsAfter(db, last.sequence - 1, 1)
    return row?.what === signatureWhat
  }

  async function verify(kept: string | null): Promise<AuditCheck> {
    const end = lastAudit(db) ?? noHead
    const apart = [
      { head: heads.open(readAuditState(db)?.sealedHead ?? null), by: 'was the last when it was written' },
      { head: heads.inFile(), by: 'was the last when it was signed' },
    ]
    const known = apart.flatMap(({ head, by }) =>
      head === null || head === 'damaged' || head.sequence === 0 ? [] : [{ ...head, by }],
    )
    const check = checkChain({
      publicKey,
      isWhole: true,
      heads: [...known, ...(kept === null ? [] : [{ hash: kept, sequence: null, by: 'you keep' }])],
    })
    for (const { head, by } of apart)
      if (head === 'damaged')
        check.fault({
          sequence: null,
          message: `the head that ${by} cannot be opened: it is of something else`,
        })
    if (options.headFile !== null && apart[1]?.head === null)
      check.fault({ sequence: null, message: 'the file with the head that was signed last is gone' })
    if (end.sequence > 0 && apart[0]?.head === null)
      check.fault({ sequence: null, message: 'the head that was kept apart is gone' })
    for (let at = 0; at < end.sequence;) {
      const rows = auditRowsAfter(db, at, checkEvery)
      if (rows.length === 0) break
      for (const row of rows) if (row.sequence <= end.sequence) takeRow(check, row)
      at = rows.at(-1)?.sequence ?? end.sequence
      await nextTurn()
    }
    return check.end()
  }

  checkHeads()
  const upkeep = setInterval(() => {
    try {
      refusals.tell(false)
      log.signIfDue()
    } catch (error) {
      options.onError(error)
    }
  }, minuteMs).unref()

  const log: AuditLog = {
    service: {
      async around(call, work, judge) {
        const one = goingOf(call)
        one.isAtChange = !asksFirst.has(call.what)
        return await going.run(one, async () => {
          try {
            const value = await work()
            end(one, judge(value))
            return value
          } catch (error) {
            if (one.isOpen) end(one, resultOf(error))
            throw error
          }
        })
      },
      record({ result, ...call }) {
        end(goingOf(call), result)
      },
      list: ({ before, limit, ...filter }) => auditLines(db, { filter, before, limit }),
      lines: ({ after, limit, ...filter }) => auditLines(db, { filter, after, limit }),
      verify,
      key: () => ({ id: keyId, publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() }),
    },

    began(tx, { id, planDigest, subjects, hosts, summary, askedBy }) {
      const on = [
        `run:${id}`,
        ...hosts.map((host) => `host:${host}`),
        ...subjects.map(({ host, path }) => `file:${host}:${path}`),
      ]
      const one = going.getStore()
      if (one?.isOpen === true && one.kept === null) {
        one.on.push(...on)
        one.plan = planDigest
        one.isAtChange = true
        return
      }
      const who = { ...controllerItself, name: askedBy }
      const call = goingOf({ who, peer: null, what: 'runs.start', input: { summary }, on })
      append(tx, draftOf({ ...call, plan: planDigest }, done, null))
    },

    watch(tx, entry, state) {
      if (entry.event !== 'ended') return
      const begun = beginningOfRun(tx, state.id)
      append(tx, {
        kind: 'outcome',
        who: controllerItself,
        onBehalfOf: begun?.who ?? null,
        peer: null,
        what: begun?.what ?? 'runs.start',
        on: begun?.on ?? [`run:${state.id}`],
        input: null,
        plan: begun?.plan ?? null,
        result: {
          state: entry.state,
          code: entry.error?.code ?? null,
          reason: entry.error?.message.slice(0, 500) ?? null,
        },
        of: begun?.sequence ?? null,
        signature: null,
      })
    },

    signIfDue() {
      const at = lastAuditOf(db, signatureWhat)
      const isDue = at === null || now() - Date.parse(at) >= signMs || Date.parse(at) > now()
      if (isDue && !isSigned()) sign()
    },

    stop() {
      clearInterval(upkeep)
      refusals.tell(true)
      if (!isSigned()) sign()
    },
  }
  return log
}

function fromOf({ who, peer }: AuditCall): string {
  return [who.kind, who.name, peer].filter((part) => part !== null).join(' ')
}

/** A row is checked as it lies there: also what lists filter by. */
function takeRow(check: ReturnType<typeof checkChain>, row: AuditRow): void {
  const { sequence, entry: text, hash } = row
  let entry: unknown = null
  try {
    entry = JSON.parse(text)
  } catch {
    // It is no line then, which is said.
  }
  check.take({ sequence, hash, entry })
  if (entry === null) return
  if (canonicalJson(entry) !== text)
    check.fault({
      sequence,
      message: `line ${sequence} was changed: it is not written as the controller writes`,
    })
  const { at, who, what, subjects, state, run } = row
  let isSame = false
  try {
    isSame =
      canonicalJson(derive(entry as AuditEntry)) === canonicalJson({ at, who, what, subjects, state, run })
  } catch {
    // It lacks what is filtered by.
  }
  if (!isSame)
    check.fault({
      sequence,
      message: `what line ${sequence} is filtered by was changed: it says something else`,
    })
}

function openKey(db: Db, secrets: Secrets): { readonly key: KeyObject; readonly publicKey: KeyObject } {
  const known = readAuditState(db)
  if (known) {
    const key = createPrivateKey({
      key: secrets.open(keyPurpose, known.sealedKey),
      type: 'pkcs8',
      format: 'der',
    })
    return { key, publicKey: createPublicKey(key) }
  }
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  insertAuditState(db, {
    sealedKey: secrets.seal(keyPurpose, privateKey.export({ type: 'pkcs8', format: 'der' })),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sealedHead: null,
  })
  return { key: privateKey, publicKey }
}
