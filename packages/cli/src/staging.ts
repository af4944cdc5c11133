import { rulesOf, type WritableFormat } from '@varve/core/formats/writable-formats'
import { writeError } from '@varve/engine/files/system-error'
import { publishFile } from '@varve/engine/publish-file'
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
      const published: string[] = []
      try {
        for (const part of [...parts, join(folder, basename(path))]) {
          const finalPath = join(dirname(path), basename(part))
          await publishFile(part, finalPath, { durability })
          published.push(finalPath)
        }
      } catch (error) {
        for (const finalPath of published) await rm(finalPath, { force: true })
        throw error
      }
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

/** Guessing it gains nothing: it is created only where there is nothing of that name. */
function temporaryName(path: string): string {
  const random = Math.floor(Math.random() * 2 ** 32)
  return join(dirname(path), `.${basename(path)}.${random.toString(16).padStart(8, '0')}.part`)
}
