import { DiskError } from '@varve/core/problems/disk-error'
import { operationTable } from '@varve/operations/operation-table'
import { fitsPattern } from '@varve/protocol/name-pattern'
import type { Rights } from '@varve/protocol/people'
import { rules } from './authorization.ts'

/** Knows of nothing where it is. */
const nowhere = {
  image: () => null,
  parents: () => [],
  run: () => null,
  resumedRun: () => null,
  migration: () => null,
}

/** What rights for operations may name: what hosts do, and what calls of the matrix are. */
export const knownOperations: ReadonlySet<string> = new Set([
  ...Object.keys(operationTable),
  ...Object.values(rules).flatMap(({ act }) => act?.({}, nowhere).operation || []),
])

/** Throws `invalid-request` for rights that name an operation which there is none of: they would let nothing be done by it. */
export function assertKnownOperations(rights: Rights): void {
  for (const pattern of (rights ?? []).flatMap(({ operations }) => operations ?? [])) {
    if ([...knownOperations].some((operation) => fitsPattern(pattern, operation))) continue
    throw new DiskError('invalid-request', {
      file: pattern,
      reason: `there is no operation of that name; there are ${[...knownOperations].toSorted().join(', ')}`,
    })
  }
}
