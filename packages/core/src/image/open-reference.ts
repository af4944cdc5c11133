import { DiskError, isDiskError, quote } from '../problems/disk-error.ts'
import type { Problem } from '../problems/problem.ts'
import { allFolded } from './fold-name.ts'
import { folderOf, nameOf } from './folder-of.ts'
import type { ImageFile, ImageFiles } from './image-files.ts'

/** Names of a folder among which "the only one in other case" can be told: more may be there than a port lists. */
const mostNames = 9999
/** Files that fit alike and are named, at most. */
const mostCandidates = 4
/** Folders in a name that are looked for in other case, at most. */
const mostFolders = 32

export interface ReferencePlace {
  /** Path of the file in which the references stand: relative ones start from its folder. */
  readonly from: string
  readonly files: ImageFiles
  /**
   * Whether the programs of the format take `name:…` for a driver (qcow2): then a name with a colon is no file. In all
   * other formats a name is a file's and nothing else.
   */
  readonly namesDrivers?: boolean
}

/** How a file was found that is not where its reference says. */
export type TakenBy = 'separators' | 'place' | 'case'

export interface TakenReference {
  readonly file: ImageFile
  /** The reference that led to it, as written. */
  readonly written: string
  /** Null: it is exactly where the reference says. */
  readonly by: TakenBy | null
}

/** Opens the file that one of `names` means; see `referenceOpener`. */
export type OpenReference = (names: readonly string[]) => Promise<TakenReference>

interface Candidate {
  readonly written: string
  readonly reference: string
  readonly by: TakenBy | null
  /** The path must end in all of what is written: nothing of it means a folder. */
  readonly isWhole?: boolean
}

/**
 * Finds the files that an image names, also when it comes from another host. All names are tried as they are written;
 * then with `\` for `/`; then their last part beside the image; then both in other upper and lower case, where exactly
 * one file fits: several are named in the error, none is taken. Everything goes through the port, so nothing outside its roots is opened. Throws `reference-refused`
 * for names that are no files, `not-found` when none is there, and whatever else the first file that is there throws.
 */
export function referenceOpener(place: ReferencePlace): OpenReference {
  const { from, files } = place
  const folders = new Map<string, Promise<readonly string[]>>()
  const namesIn = (folder: string): Promise<readonly string[]> => {
    const known = folders.get(folder)
    if (known) return known
    const names = files.list(folder)
    folders.set(folder, names)
    return names
  }
  return async (names) => {
    const tried = new Set<string>()
    let refused: DiskError | null = null
    const alike = new Set<string>()
    const look = { namesIn, onAlike: (path: string) => void alike.add(path) }
    for await (const { written, reference, by, isWhole } of candidatesOf(names, place, look)) {
      try {
        const path = files.resolve(from, reference)
        if (tried.has(path) || (by !== null && path === from)) continue
        if (isWhole && !path.endsWith(`/${written}`)) continue
        tried.add(path)
        return { file: await files.open(path), written, by }
      } catch (error) {
        if (isDiskError(error, 'reference-refused')) {
          if (by === null && !isForeignPath(written)) refused ??= error
        } else if (!isDiskError(error, 'not-found')) throw error
      }
    }
    if (alike.size > 0) {
      const candidates = [...alike].slice(0, mostCandidates)
      throw new DiskError('not-found', { file: names[0] ?? from, candidates })
    }
    throw refused ?? new DiskError('not-found', { file: names[0] ?? from })
  }
}

/** What is to be said about a file that was not where its reference says; null when it was. */
export function takenProblem(
  { file, written, by }: TakenReference,
  { from, isVerified }: { readonly from: string; readonly isVerified: boolean },
): Problem | null {
  if (by === null) return null
  const [name, path] = [quote(written), quote(file.path)]
  const messages: Readonly<Record<TakenBy, string>> = {
    separators: `It names ${name}, a path as Windows writes it: ${path} was read.`,
    place: `It names ${name}, which is not there: the file of that name beside it, ${path}, was read instead.`,
    case: `It names ${name}, which is not there: ${path}, the only file there of that name in other letters, was read instead.`,
  }
  const isGuess = !isVerified && by !== 'separators'
  return {
    id: 'other-name-taken',
    severity: isGuess ? 'warn' : 'info',
    layer: 'L2',
    file: from,
    message: messages[by],
    remedy: isGuess
      ? 'Make sure that it is the file that was meant: nothing in the image tells whether it is.'
      : 'It fits what the image says about it. Other programs may need it under the name that is written.',
    ...(isGuess ? { asks: true } : {}),
  }
}

async function* candidatesOf(
  names: readonly string[],
  { from, namesDrivers = false }: ReferencePlace,
  look: FoldedLook,
): AsyncGenerator<Candidate> {
  for (const written of names) yield { written, reference: written, by: null }
  const plain = names.filter((name) => !(namesDrivers && isDriverName(name)))
  // Behind `./` colons and backslashes are parts of a name, where the host has such names.
  if (!namesDrivers) {
    for (const written of plain.filter((name) => /^[^/]*[:\\][^/]*$/u.test(name)))
      yield { written, reference: `./${written}`, by: null, isWhole: true }
  }
  for (const written of plain.filter((name) => name.includes('\\') && !isForeignPath(name)))
    yield { written, reference: fromHere(slashed(written)), by: 'separators' }
  for (const written of plain) {
    const last = lastNameOf(written)
    if (last !== null) yield { written, reference: `./${last}`, by: 'place' }
  }
  for (const written of plain) {
    for (const path of [slashed(written), lastNameOf(written)]) {
      if (path === null || isRooted(path)) continue
      const reference = await inOtherCase(path, folderOf(from), look)
      if (reference !== null) yield { written, reference, by: 'case' }
    }
  }
}

interface FoldedLook {
  readonly namesIn: (folder: string) => Promise<readonly string[]>
  /** Called with each of several paths that fit but for case. */
  readonly onAlike: (path: string) => void
}

/** Each part of a relative path as it is there, or as the only one that differs in case; null when a part is not there. */
async function inOtherCase(
  path: string,
  base: string,
  { namesIn, onAlike }: FoldedLook,
): Promise<string | null> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.length > mostFolders) return null
  let reference = '.'
  for (const part of parts) {
    if (part === '..') {
      reference += '/..'
      continue
    }
    const names = await namesIn(reference === '.' ? base : `${base}/${reference.slice(2)}`)
    if (names.length > mostNames) return null
    const fitting = names.includes(part) ? [part] : allFolded(names, part)
    const [found] = fitting
    if (fitting.length > 1) for (const name of fitting) onAlike(`${reference}/${name}`.slice(2))
    if (found === undefined || fitting.length > 1) return null
    reference += `/${found}`
  }
  return reference === '.' ? null : reference
}

/** A path with a drive, a share or a datastore of another host: only its last part says something here. */
function isForeignPath(name: string): boolean {
  return /^(?:(?:file:\/*)?[a-z]:|\\\\|\[[^\]]*\])/iu.test(name)
}

function isRooted(path: string): boolean {
  return /^(?:file:|[\\/]|[a-z]:[\\/])/iu.test(path)
}

/** `nbd:host:port` and the like; a single letter is a drive. */
function isDriverName(name: string): boolean {
  return /^[^\\/:]{2,}:/u.test(name) && !/^file:/iu.test(name)
}

function slashed(name: string): string {
  return name.replaceAll('\\', '/')
}

function fromHere(path: string): string {
  return path.startsWith('/') ? path : `./${path}`
}

/** The last part of a path of any host; null for what ends in a folder. */
function lastNameOf(path: string): string | null {
  const last = nameOf(path.replace(/^file:/iu, '')).replace(/^(?:[a-z]:(?=.)|\[[^\]]*\]\s*)/iu, '')
  return last === '' || last === '.' || last === '..' ? null : last
}
