import { basename, dirname, join, win32 } from 'node:path'
import { windowsNameFault } from '@varve/core/image/windows-names'
import { DiskError } from '@varve/core/problems/disk-error'

/** Bytes of a name on most filesystems. */
const longestName = 255

/** Throws `not-writable` when a file of that path could have no such name on any usual filesystem, or on Windows. */
export function assertNameFits(path: string, system: NodeJS.Platform = process.platform): void {
  if (system === 'win32') {
    const fault = windowsNameFault(win32.basename(path))
    if (fault === null) return
    throw new DiskError('not-writable', {
      file: path,
      reason: `its name ${fault}`,
      why: 'name-not-for-windows',
    })
  }
  if (Buffer.byteLength(basename(path)) <= longestName) return
  const reason = `its name is too long: names have at most ${longestName} bytes`
  throw new DiskError('not-writable', { file: path, reason, why: 'name-too-long' })
}

/** Names a staging; the same id gives the same hidden name. */
const stagingId = /^[\w-]{1,64}$/u

/** Hidden names that `stagedPath` makes, with the id. */
export const stagedName = /^\..+\.(?<staging>[\w-]{1,64})\.part(?:\.vhdx)?$/u

/** Ids of stagings that Windows attaches, which goes by the ending of a name. */
const attachedStaging = /-vhdx$/u

/** The id of a staging whose hidden name ends as that of a VHDX does. */
export function stagingForVhdx(id: string): string {
  return `${id}-vhdx`
}

/** Where an image lies until it gets the name `target`: `.<name>.<staging>.part` beside it. */
export function stagedPath(target: string, staging: string): string {
  return hiddenBeside(target, staging, attachedStaging.test(staging) ? 'part.vhdx' : 'part')
}

/** The image that a hidden file of `stagedPath` is to become, where its name was not cut; any other path is itself. */
export function namedBy(path: string): string {
  const staging = stagedName.exec(basename(path))?.groups?.['staging']
  if (staging === undefined) return path
  const ending = basename(stagedPath('x', staging)).slice('.x'.length)
  return join(dirname(path), basename(path).slice(1, -ending.length))
}

type HiddenKind = 'part' | 'part.vhdx' | 'undo' | 'lock' | 'serving'

/** A hidden name beside `target` for what belongs to it, with the id and what it is. */
export function hiddenBeside(target: string, id: string, kind: HiddenKind): string {
  if (!stagingId.test(id)) throw new RangeError(`${JSON.stringify(id)} cannot be part of a file name`)
  const ending = `.${id}.${kind}`
  return join(dirname(target), `.${cutName(basename(target), longestName - 1 - ending.length)}${ending}`)
}

/** The start of `name`, whole characters, in at most so many bytes of UTF-8; a name that is itself too long stays so. */
function cutName(name: string, most: number): string {
  if (Buffer.byteLength(name) > longestName) return name
  let cut = ''
  for (const character of name) {
    if (Buffer.byteLength(cut + character) > most) break
    cut += character
  }
  return cut
}
