import { rulesOf, type WritableFormat } from '@varve/core/formats/writable-formats'
import { writeError } from '@varve/engine/files/system-error'
import { publishFile, publishFiles } from '@varve/engine/publish-file'
import { writeJournal } from './publishing-journal.ts'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Where a new image lies until it is proven: hidden, beside its final place. What was not published is removed at disposal. */
export interface Staging extends AsyncDisposable {
  /** Where to write the image. */
  readonly path: string
  /** The hidden file or folder that holds all of it. */
  readonly hidden: string
  /** Gives the image and its parts, which lie beside it, their names; the image comes last. */
  publish(parts: readonly string[], options: PublishStaged): Promise<void>
}

export interface PublishStaged {
  readonly existing: 'refuse' | 'replace'
  readonly durability: 'synced' | 'cached'
}

/** Whether images of this kind are several files. */
export function isSplit(format: WritableFormat, subformat: string | undefined): boolean {
  return subformat !== undefined && (rulesOf(format).splitSubformats ?? []).includes(subformat)
}

/** The file that is the image, where images of this kind are folders; else null. */
export function bundleFile(format: WritableFormat, subformat = ''): string | null {
  return rulesOf(format).bundleSubformats?.[subformat] ?? null
}

/** A temporary name beside `path`. */
export function stageFile(path: string): Staging {
  const part = temporaryName(path)
  return {
    path: part,
    hidden: part,
    async publish(_parts, { existing, durability }) {
      if (existing === 'replace') await rename(part, path)
      else await publishFile(part, path, { durability })
    },
    [Symbol.asyncDispose]: async () => rm(part, { force: true }),
  }
}

/** A temporary folder beside `path`, in which the image and its parts, which it names, have their names already. */
export async function stageFolder(path: string): Promise<Staging> {
  const folder = temporaryName(path)
  await mkdir(folder).catch((error: unknown) => {
    throw writeError(error, path)
  })
  return {
    path: join(folder, basename(path)),
    hidden: folder,
    async publish(parts, { durability }) {
      const files = [...parts, join(folder, basename(path))].map((partPath) => ({
        partPath,
        finalPath: join(dirname(path), basename(partPath)),
      }))
      await writeJournal(folder, files)
      await publishFiles(files, { durability })
    },
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true, force: true }),
  }
}

/** A temporary folder that gets the name `path` itself, with the image as `file` in it. */
export async function stageBundle(path: string, file: string): Promise<Staging> {
  const folder = temporaryName(path)
  await mkdir(folder).catch((error: unknown) => {
    throw writeError(error, path)
  })
  return {
    path: join(folder, file),
    hidden: folder,
    publish: async (_parts, { durability }) => publishFile(folder, path, { durability }),
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true, force: true }),
  }
}

/** Bytes of a name on most filesystems. */
const longestName = 255

/** Guessing it gains nothing: it is created only where there is nothing of that name. The process is in it, for who finds it. */
function temporaryName(path: string): string {
  const random = Math.floor(Math.random() * 2 ** 32)
  const ending = `.p${process.pid}-${random.toString(16).padStart(8, '0')}.part`
  return join(dirname(path), `.${cutName(basename(path), longestName - 1 - ending.length)}${ending}`)
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
