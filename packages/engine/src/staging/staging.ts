import { bundleFile, isSplit, type WritableFormat } from '@varve/core/formats/writable-formats'
import { DiskError } from '@varve/core/problems/disk-error'
import { mkdir, readdir, rm, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncPath } from '../files/sync-file.ts'
import { writeError } from '../system/system-error.ts'
import { publishFile } from '../files/publish-file.ts'
import { fileIdentity } from './file-identity.ts'
import { publishParts, takeBackNames } from './publish-parts.ts'
import { journalName } from './publishing-journal.ts'
import { stagedPath } from '../files/staged-name.ts'

/** What is staged: the same values name the same hidden file or folder, in any process. */
export interface StagedImage {
  /** Absolute path that the image is to get. */
  readonly target: string
  /** Letters, digits, `_` and `-`. */
  readonly staging: string
  readonly format: WritableFormat
  readonly subformat: string | null
}

export type Durability = 'synced' | 'cached'

export interface PublishStaged {
  /** What `identity` said when it was written; null: whatever has the name is taken for it. */
  readonly file: string | null
  readonly durability: Durability
}

/**
 * Where a new image lies until it is proven: hidden, beside its final place. It has no state but what lies on the disk: any
 * process opens it again, and each call may be repeated after a death at any moment.
 */
export interface Staging {
  /** Where the image is written; its parts lie beside it. */
  readonly path: string
  /** The hidden file or folder that holds all of it. */
  readonly hidden: string
  /** Removes what an earlier attempt left and makes room for the image. */
  prepare(): Promise<void>
  /** Tells what was written from any other file of that name. */
  identity(): Promise<string>
  /** Puts all of it on the medium. */
  flush(): Promise<void>
  /** Gives it its names, never in the place of another file; published already, it succeeds. Throws `target-exists`, `part-missing`. */
  publish(options: PublishStaged): Promise<void>
  /** Removes what was not published, with names that were given although the image did not get its own. */
  discard(): Promise<void>
}

/** Opens the staging of an image; nothing is made by it. Throws `invalid-request` for an id that cannot be part of a name. */
export function openStaging(image: StagedImage): Staging {
  const hidden = stagedPath(image.target, image.staging)
  const bundled = bundleFile(image.format, image.subformat)
  if (bundled !== null) return bundleStaging(image.target, hidden, bundled)
  return isSplit(image.format, image.subformat)
    ? folderStaging(image.target, hidden)
    : fileStaging(image.target, hidden)
}

/** A hidden file. */
function fileStaging(target: string, hidden: string): Staging {
  return {
    path: hidden,
    hidden,
    prepare: async () => removeAll(hidden, target),
    identity: async () => knownIdentity(hidden, target),
    flush: async () => syncPath(hidden),
    publish: async (options) => publishOne({ hidden, target }, options),
    discard: async () => removeAll(hidden, target),
  }
}

/** A hidden folder that gets the name itself, with the image as `file` in it. */
function bundleStaging(target: string, hidden: string, file: string): Staging {
  return {
    path: join(hidden, file),
    hidden,
    prepare: async () => makeFolder(hidden, target),
    identity: async () => knownIdentity(hidden, target),
    flush: async () => flushFolder(hidden),
    async publish(options) {
      if (options.durability === 'synced' && (await fileIdentity(hidden)) !== null) await flushFolder(hidden)
      await publishOne({ hidden, target }, options)
    },
    discard: async () => removeAll(hidden, target),
  }
}

/** A hidden folder in which the image and its parts, which it names, have their names already. */
function folderStaging(target: string, hidden: string): Staging {
  const path = join(hidden, basename(target))
  return {
    path,
    hidden,
    prepare: async () => makeFolder(hidden, target),
    identity: async () => knownIdentity(path, target),
    flush: async () => flushFolder(hidden),
    async publish(options) {
      if ((await fileIdentity(hidden)) === null) return await assertPublished(target, options)
      await publishParts({ folder: hidden, target }, options.durability)
      await removeAll(hidden, target)
    },
    async discard() {
      await takeBackNames(hidden)
      await removeAll(hidden, target)
    },
  }
}

interface Names {
  readonly hidden: string
  readonly target: string
}

async function publishOne({ hidden, target }: Names, options: PublishStaged): Promise<void> {
  const [part, named] = [await fileIdentity(hidden), await fileIdentity(target)]
  if (part === null) return await assertPublished(target, options)
  if (part !== named) return await publishFile(hidden, target, { durability: options.durability })
  // A system without a rename that refuses to replace was stopped between the link and the removal.
  await unlink(hidden)
  if (options.durability === 'synced') await syncPath(dirname(target))
}

async function assertPublished(target: string, { file }: PublishStaged): Promise<void> {
  const named = await fileIdentity(target)
  if (named === null || (file !== null && named !== file))
    throw new DiskError('part-missing', { file: target })
}

async function knownIdentity(path: string, target: string): Promise<string> {
  const identity = await fileIdentity(path)
  if (identity === null) throw new DiskError('part-missing', { file: target })
  return identity
}

async function makeFolder(hidden: string, target: string): Promise<void> {
  await removeAll(hidden, target)
  await mkdir(hidden).catch((error: unknown) => {
    throw writeError(error, target)
  })
}

async function removeAll(hidden: string, target: string): Promise<void> {
  await rm(hidden, { recursive: true, force: true }).catch((error: unknown) => {
    throw writeError(error, target)
  })
}

async function flushFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const files = entries.filter((entry) => entry.isFile() && entry.name !== journalName)
  await Promise.all(files.map(async (file) => syncPath(join(file.parentPath, file.name))))
  for (const each of entries) if (each.isDirectory()) await syncPath(join(each.parentPath, each.name))
  await syncPath(folder)
}
