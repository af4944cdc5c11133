import { dirname } from 'node:path'
import { fileState, hashLines, type FileState } from './fingerprint.ts'

/** A name that an inspection asked for: what its report says depends on it, also when there was nothing of that name. */
export interface Asked {
  readonly path: string
  /** `folder`: its names were listed. */
  readonly kind: 'file' | 'folder'
  /** Just before it was asked; null: nothing was there, or it could not be asked. */
  readonly state: Pick<FileState, 'text' | 'identity'> | null
}

/** What is remembered of the names that one inspection asked for. */
export interface Dependencies {
  readonly names: readonly Pick<Asked, 'path' | 'kind'>[]
  /** Changes when one of them comes, goes, or is replaced by another. */
  readonly identities: string
  /** Changes also when one of them is written to. */
  readonly contents: string
}

export const noDependencies: Dependencies = toDependencies([])

export function toDependencies(asked: readonly Asked[]): Dependencies {
  return {
    names: asked.map(({ path, kind }) => ({ path, kind })),
    identities: hashLines(asked.map(({ state }) => state?.identity ?? 'gone')),
    contents: hashLines(asked.map(({ state }) => state?.text ?? 'gone')),
  }
}

/** The same names as they are now. */
export async function dependenciesNow({ names }: Dependencies): Promise<Dependencies> {
  const states = await Promise.all(names.map(({ path }) => fileState(path)))
  return toDependencies(names.map((name, index) => ({ ...name, state: states[index] ?? null })))
}

/** The folders in which a change may change what depends on these names. */
export function foldersOf({ names }: Dependencies): string[] {
  return [...new Set(names.map(({ path, kind }) => (kind === 'folder' ? path : dirname(path))))]
}
