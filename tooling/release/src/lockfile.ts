import { ReleaseError } from './release-error.ts'

/** SHA-512 in hexadecimal by `name@version`, as a lockfile of pnpm (version 9) pins them. */
export type PinnedSums = ReadonlyMap<string, string>

/** The pinned packages of a lockfile; only its list of packages is looked at. */
export function readLockfile(text: string): PinnedSums {
  if (!/^lockfileVersion: '9\.\d+'$/mu.test(text))
    throw new ReleaseError('The lockfile is not of the version that is known here (9).')
  const sums = new Map<string, string>()
  const section = /^packages:\n([\s\S]*?)(?=^\S)/mu.exec(`${text}\nend:`)?.[1] ?? ''
  const pinned = /^ {2}'?([^\s'][^'\n]*?)'?:\n {4}resolution: \{integrity: sha512-([\w+/=]+)[,}]/gmu
  for (const [, id = '', integrity = ''] of section.matchAll(pinned))
    sums.set(id, Buffer.from(integrity, 'base64').toString('hex'))
  return sums
}

/** The pinned sum of a package; a package that is pinned nowhere is in no release. */
export function pinnedSum(locks: readonly PinnedSums[], id: string): string {
  for (const lock of locks) {
    const sum = lock.get(id)
    if (sum?.length === 128) return sum
  }
  throw new ReleaseError(`${id} is in no lockfile: nothing tells that it is what it was.`)
}
