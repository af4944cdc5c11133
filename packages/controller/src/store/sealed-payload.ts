import type { Secrets } from '@varve/trust/secrets'
import type Database from 'better-sqlite3'
import { z } from 'zod'
import { decodeEnvelope, encodePayload, type PayloadKind } from './payload.ts'

/** Members of payloads that let in whoever knows them: names of exports, and of streams of files. */
const secretMembers: ReadonlySet<string> = new Set(['exportName', 'stream'])
const mayHoldSecrets = /"(?:exportName|stream)":"/u

/** Reads as a name that opens nothing: the key of the data folder is another one since. */
const lost = 'sealed-by-a-key-that-is-not-here'

type Path = readonly (string | number)[]
const Kept = z.array(z.tuple([z.array(z.union([z.string(), z.number()])).max(100), z.string()]))
const Sealed = z.looseObject({ sealed: z.string(), data: z.unknown() })

interface Connected {
  readonly $client: Database.Database
}

const keys = new WeakMap<Database.Database, Secrets>()

/** From now on what is secret in the payloads of this database is kept under that key. */
export function sealWith(db: Connected, secrets: Secrets): void {
  keys.set(db.$client, secrets)
}

/** As `encodePayload`, with its secret members sealed beside the rest, which stays readable. */
export function encodeSealed<T>(db: Connected, kind: PayloadKind<T>, data: T): string {
  const text = encodePayload(kind, data)
  if (!mayHoldSecrets.test(text)) return text
  const found: [Path, string][] = []
  const envelope = { version: kind.version, data: takeOut(data, [], found) }
  if (found.length === 0) return text
  const secrets = keys.get(db.$client)
  if (!secrets) throw new Error(`${kind.name}: there is no key to seal it with`)
  const sealed = secrets.seal(purposeOf(kind), Buffer.from(JSON.stringify(found)))
  return JSON.stringify({ ...envelope, sealed })
}

/** The payload of a JSON column with its secret members. Those that another key has sealed read as one that opens nothing. */
export function decodeSealed<T>(db: Connected, kind: PayloadKind<T>, text: string): T {
  const envelope: unknown = JSON.parse(text)
  const { data, success } = Sealed.safeParse(envelope)
  if (!success) return decodeEnvelope(kind, envelope)
  const found = opened(keys.get(db.$client), purposeOf(kind), data.sealed)
  return decodeEnvelope(kind, { ...data, data: putBack(data.data, found) })
}

/** The value without what lets its reader in somewhere: for people. */
export function withoutSecrets(value: unknown): unknown {
  return takeOut(value, [], [])
}

function purposeOf({ name }: { readonly name: string }): string {
  return `payload: ${name}`
}

function takeOut(value: unknown, at: Path, found: [Path, string][]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => takeOut(item, [...at, index], found))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => {
      const path = [...at, name]
      if (!secretMembers.has(name) || typeof member !== 'string' || member === '')
        return [name, takeOut(member, path, found)]
      found.push([path, member])
      return [name, '']
    }),
  )
}

function opened(secrets: Secrets | undefined, purpose: string, sealed: string): Map<string, string> | null {
  if (!secrets) return null
  try {
    const kept = Kept.parse(JSON.parse(secrets.open(purpose, sealed).toString('utf8')))
    return new Map(kept.map(([path, secret]) => [JSON.stringify(path), secret]))
  } catch {
    return null
  }
}

function putBack(value: unknown, found: ReadonlyMap<string, string> | null, at: Path = []): unknown {
  if (Array.isArray(value)) return value.map((item, index) => putBack(item, found, [...at, index]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => {
      const path = [...at, name]
      if (!secretMembers.has(name) || member !== '') return [name, putBack(member, found, path)]
      return [name, found === null ? lost : (found.get(JSON.stringify(path)) ?? '')]
    }),
  )
}
