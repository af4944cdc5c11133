import { stat } from 'node:fs/promises'
import type { Unseen, Use } from '@varve/core/problems/use'
import type { OpenFiles } from './windows-open-files.ts'
import { isOwn, type FindWritersOptions, type OpenWriters } from './writers.ts'

/** Uses of files by their paths, as a part of the system tells them. */
export interface NamedUses {
  readonly uses: readonly (readonly [path: string, use: Use])[]
  readonly unseen: readonly Unseen[]
}

const notTold = { what: 'not-told', system: 'Windows' } as const

/** Which programs have the files open that were named; those that only read count for who asks for `all` descriptors. */
export function findOpenFiles(
  files: OpenFiles,
  { named = [], descriptors = 'writing' }: FindWritersOptions,
): NamedUses {
  if (named.length === 0) return { uses: [], unseen: [notTold] }
  try {
    const found = named.map((path) => usesOf(files, path, descriptors === 'all'))
    return {
      uses: found.flatMap(({ uses }) => uses),
      unseen: found.every(({ isTold }) => isTold) ? [] : [notTold],
    }
  } catch {
    return { uses: [], unseen: [notTold] }
  }
}

/** Windows does not tell who writes from who reads but by what it lets others open. */
function usesOf(files: OpenFiles, path: string, all: boolean) {
  const isWritten = files.isWritten(path)
  const users = isWritten === true || all ? files.usersOf(path) : []
  const how = isWritten === true ? 'writes' : 'reads'
  const uses = (users ?? [])
    .filter(({ pid }) => !isOwn(pid, () => 0))
    .map(({ pid, name }): [string, Use] => [path, { by: 'process', pid, command: name, how }])
  // Somebody has it, and the Restart Manager does not know who.
  if (isWritten === true && (users ?? []).length === 0)
    uses.push([path, { by: 'lock', lock: 'it shares the file with nobody who writes' }])
  return { uses, isTold: isWritten !== null && users !== null }
}

/** The answer about files as the system knows them; a file that is gone has no use. */
export async function byIdentity(found: readonly NamedUses[]): Promise<OpenWriters> {
  const uses = new Map<string, Use[]>()
  for (const [path, use] of found.flatMap((one) => one.uses)) {
    const file = await stat(path, { bigint: true }).catch(() => null)
    if (file === null) continue
    const key = `${file.dev}:${file.ino}`
    uses.set(key, [...(uses.get(key) ?? []), use])
  }
  return { of: ({ dev, ino }) => uses.get(`${dev}:${ino}`) ?? [], unseen: found.flatMap((one) => one.unseen) }
}
