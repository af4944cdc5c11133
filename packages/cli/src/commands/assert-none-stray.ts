import { UsageError } from '../command.ts'

/** An option that has no place in a command, whether it is said, and the sentence that tells so. */
export type Stray = readonly [isSaid: boolean, message: string]

/** Throws `UsageError` for the first of these that is said. */
export function assertNoneStray(all: readonly Stray[]): void {
  const found = all.find(([isSaid]) => isSaid)
  if (found) throw new UsageError(found[1])
}
