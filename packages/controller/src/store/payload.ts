import { z } from 'zod'

const Envelope = z.object({ version: z.number().int(), data: z.unknown() })

/** A kind of payload that is kept as JSON: its newest version, its schema, and how older versions become the next one. */
export interface PayloadKind<T> {
  readonly name: string
  readonly version: number
  readonly schema: z.ZodType<T>
  /** `upcasters[n]` makes version n + 1 of version n. */
  readonly upcasters?: Readonly<Record<number, (data: unknown) => unknown>>
}

/** The payload as text for a JSON column: `{version, data}`. */
export function encodePayload<T>(kind: PayloadKind<T>, data: T): string {
  return JSON.stringify({ version: kind.version, data })
}

/** The payload of a JSON column, brought up to its newest version one step at a time; throws when it is not of this kind. */
export function decodePayload<T>(kind: PayloadKind<T>, text: string): T {
  return decodeEnvelope(kind, JSON.parse(text))
}

/** The payload of a JSON column that was parsed already. */
export function decodeEnvelope<T>(kind: PayloadKind<T>, parsed: unknown): T {
  const envelope = Envelope.parse(parsed)
  let { data } = envelope
  for (let version = envelope.version; version < kind.version; version += 1) {
    const upcast = kind.upcasters?.[version]
    if (!upcast) throw new Error(`${kind.name} of version ${version} cannot be read`)
    data = upcast(data)
  }
  if (envelope.version > kind.version) {
    throw new Error(`${kind.name} of version ${envelope.version} was written by a newer controller`)
  }
  return kind.schema.parse(data)
}
