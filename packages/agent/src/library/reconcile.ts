import type { AgentClient } from '../connection/agent-client.ts'

/** Names in one part, and the characters of them. */
const namesPerPart = 500
const charactersPerPart = 200_000

export interface ReconcileOptions {
  readonly client: Pick<AgentClient, 'compare'>
  readonly session: string
  readonly signal: AbortSignal
}

/**
 * Tells the controller all names of a library with their checksums, part by part: it removes what is not among them.
 * Gives the names whose records it does not have.
 */
export async function reconcile(
  library: string,
  checksums: ReadonlyMap<string, number>,
  { client, session, signal }: ReconcileOptions,
): Promise<string[]> {
  const wanted: string[] = []
  for (const part of partsOf([...checksums.keys()].toSorted(byBytes))) {
    const { after, until } = part
    const entries = part.names.map((name) => ({ name, checksum: checksums.get(name) ?? 1 }))
    for (let isMore = true; isMore && !signal.aborted;) {
      const answer = await client.compare(session, { library, after, until, entries })
      if (!answer.isMore) wanted.push(...answer.wanted)
      isMore = answer.isMore
    }
  }
  return wanted
}

interface Part {
  readonly after: string | null
  readonly until: string | null
  readonly names: readonly string[]
}

/** Cuts sorted names into parts that together cover all names there could be. */
export function partsOf(sorted: readonly string[]): Part[] {
  const parts: Part[] = []
  let names: string[] = []
  let characters = 0
  let after: string | null = null
  for (const name of sorted) {
    if (names.length >= namesPerPart || (names.length > 0 && characters + name.length > charactersPerPart)) {
      const until: string | null = names.at(-1) ?? null
      parts.push({ after, until, names })
      after = until
      names = []
      characters = 0
    }
    names.push(name)
    characters += name.length
  }
  parts.push({ after, until: null, names })
  return parts
}

/** The order of names in the controller's inventory: that of their bytes in UTF-8. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
