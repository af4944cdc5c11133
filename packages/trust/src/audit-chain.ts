import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { z } from 'zod'

/** Hash before the first line. */
export const genesisHash = '0'.repeat(64)

/** What a line must have to be one of a chain; everything else of it is hashed as it is. */
const ChainEntry = z.looseObject({
  sequence: z.number().int().min(1),
  at: z.string(),
  kind: z.string(),
  previous: z.string(),
  signature: z.object({ key: z.string(), value: z.string() }).nullable(),
  result: z.looseObject({ reason: z.string().nullable() }).nullable(),
})
export type ChainEntry = z.infer<typeof ChainEntry>

/** A line as it was kept. */
export interface ChainLine {
  /** Where it was kept; null: in its place in a file. */
  readonly sequence: number | null
  readonly hash: string
  readonly entry: unknown
}

const ExportedLine = z.object({ hash: z.string(), entry: z.unknown() })

/** A line of a file of exported ones; null: it is none. */
export function parseChainLine(text: string): ChainLine | null {
  try {
    return { sequence: null, ...ExportedLine.parse(JSON.parse(text)) }
  } catch {
    return null
  }
}

export interface ChainFault {
  readonly sequence: number | null
  readonly message: string
}

export interface ChainHead {
  readonly sequence: number
  readonly hash: string
}

export interface ChainReport {
  readonly entries: number
  readonly signatures: number
  readonly first: number | null
  readonly head: ChainHead | null
  readonly signed: { readonly sequence: number; readonly at: string } | null
  readonly faultCount: number
  readonly faults: ChainFault[]
  /** What the log itself says of its own state: it was found otherwise than it was left. */
  readonly alarms: ChainFault[]
}

/** Faults that are named; a log that was rewritten has as many as lines. */
const mostFaults = 50

/** The one text of a value, whatever order its members have (RFC 8785 for what these entries hold: text, whole numbers). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((one) => canonicalJson(one)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`)
    return `{${members.join(',')}}`
  }
  return JSON.stringify(value ?? null)
}

/** The hash of an entry, which holds that of the one before. */
export function hashOfText(canonical: string): string {
  return createHash('sha256').update(canonical).digest('hex')
}

/** What a signature is of. */
function signedBytes({ sequence, hash }: ChainHead): Buffer {
  return Buffer.from(`varve audit 1\n${sequence}\n${hash}\n`)
}

export function signHead(key: KeyObject, head: ChainHead): string {
  return sign(null, signedBytes(head), key).toString('base64')
}

/** By which a key is told from another: the beginning of the SHA-256 of its public part. */
export function keyIdOf(key: KeyObject): string {
  const publicKey = key.type === 'public' ? key : createPublicKey(key)
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest('hex').slice(0, 16)
}

export interface ChainCheckOptions {
  /** Null: signatures are counted, not checked. */
  readonly publicKey: KeyObject | null
  /** Whether it must begin with the first line, as a log does; a file may hold a part of one. */
  readonly isWhole: boolean
  /** Heads that were kept apart: each must be in the chain; `by` says who kept it. */
  readonly heads: readonly { readonly hash: string; readonly sequence: number | null; readonly by: string }[]
}

/** Goes along a chain and names what does not fit. */
export interface ChainCheck {
  take(line: ChainLine): void
  /** Notes a fault that is not one of the chain itself. */
  fault(fault: ChainFault): void
  end(): ChainReport
}

export function checkChain({ publicKey, isWhole, heads }: ChainCheckOptions): ChainCheck {
  const keyId = publicKey === null ? null : keyIdOf(publicKey)
  const missing = new Set(heads)
  const faults: ChainFault[] = []
  const alarms: ChainFault[] = []
  let faultCount = 0
  let entries = 0
  let signatures = 0
  let first: number | null = null
  let head: ChainHead | null = null
  let signed: ChainReport['signed'] = null

  function fault(one: ChainFault): void {
    faultCount += 1
    if (faults.length < mostFaults) faults.push(one)
  }

  /** Whether it stands where the one before leads to. */
  function checkPlace({ sequence, previous }: ChainEntry): boolean {
    const last = head
    const expected = last !== null ? last.sequence + 1 : isWhole ? 1 : sequence
    if (sequence > expected) {
      const gap =
        sequence - expected === 1 ? `line ${expected} is` : `lines ${expected} to ${sequence - 1} are`
      fault({ sequence, message: `${gap} missing before line ${sequence}` })
      return false
    }
    if (sequence < expected) {
      fault({
        sequence,
        message: `line ${sequence} stands after line ${expected - 1}: it was moved or put in`,
      })
      return false
    }
    const before = last?.hash ?? (sequence === 1 ? genesisHash : previous)
    if (previous === before) return true
    const message = `line ${sequence} does not follow on line ${sequence - 1}: one of them was changed or put in`
    fault({ sequence, message })
    return false
  }

  function checkSignature({ sequence, at, signature }: ChainEntry, isInPlace: boolean): void {
    signatures += 1
    if (publicKey === null || head === null) return
    if (signature === null) return fault({ sequence, message: `line ${sequence} lacks its signature` })
    if (signature.key !== keyId)
      return fault({ sequence, message: `line ${sequence} is signed by another key, ${signature.key}` })
    const value = Buffer.from(signature.value, 'base64')
    if (!verify(null, signedBytes(head), publicKey, value))
      return fault({ sequence, message: `the signature in line ${sequence} is not of what stands before it` })
    if (isInPlace && faultCount === 0) signed = { sequence, at }
  }

  return {
    fault,
    take(line) {
      entries += 1
      const parsed = ChainEntry.safeParse(line.entry)
      if (!parsed.success) {
        const where = line.sequence ?? (head === null ? 1 : head.sequence + 1)
        return fault({ sequence: where, message: `line ${where} is no line of an audit log` })
      }
      const entry = parsed.data
      first ??= entry.sequence
      const hash = hashOfText(canonicalJson(line.entry))
      if (line.sequence !== null && line.sequence !== entry.sequence)
        fault({
          sequence: line.sequence,
          message: `in the place of line ${line.sequence} stands line ${entry.sequence}: it was moved`,
        })
      if (hash !== line.hash)
        fault({
          sequence: entry.sequence,
          message: `line ${entry.sequence} was changed: its hash is another one`,
        })
      const isInPlace = checkPlace(entry)
      if (entry.kind === 'signature') checkSignature(entry, isInPlace)
      if (entry.kind === 'alarm' && alarms.length < mostFaults)
        alarms.push({ sequence: entry.sequence, message: entry.result?.reason ?? entry.kind })
      for (const one of missing)
        if (one.hash === hash && (one.sequence === null || one.sequence === entry.sequence))
          missing.delete(one)
      // What is compared with next is what stands there, so that one change is one fault and not all that follow.
      if (head === null || entry.sequence > head.sequence)
        head = { sequence: entry.sequence, hash: line.hash }
    },
    end() {
      for (const { by, sequence, hash } of missing) {
        const which = sequence === null ? hash.slice(0, 16) : `line ${sequence}`
        const last = head === null ? 'it is empty' : `it ends at line ${head.sequence}`
        const message = `the log does not have ${which}, which ${by}: it was cut or written anew; ${last}`
        fault({ sequence, message })
      }
      return { entries, signatures, first, head, signed, faultCount, faults, alarms }
    },
  }
}
