import { join } from 'node:path'
import type { Problem } from '@varve/core/problems/problem'
import type { Uses } from '@varve/core/problems/use'
import { isDiskError } from '@varve/core/problems/disk-error'
import {
  findDependents,
  type Dependent,
  type FindDependentsOptions,
} from '@varve/engine/dependents/find-dependents'
import { imageOfPart } from '@varve/engine/dependents/image-of-part'
import { assertNotOwnName } from '@varve/engine/files/own-names'
import { machinesNaming } from '@varve/engine/doctor/machine-definitions'
import { findUses } from '@varve/engine/in-use/find-uses'
import { filesOfBundle } from '../library/bundle-files.ts'
import { ownFiles, type OwnFiles } from '@varve/engine/quarantine/own-files'
import type { ImageFilesFacts } from '@varve/operations/image-files-facts'
import { dependentsProblem, partOfProblems } from '@varve/operations/image-files-problems'
import { distributionOfImage } from './distribution-of-image.ts'
import type { FactsContext } from './local-operation.ts'

/**
 * What belongs to the image `path`, and who needs it, as far as it lies around it, in the library or in `folders`; throws when
 * it is not there, or is no image's name, or that of a file of Varve's own.
 */
export async function gatherImageFiles(
  path: string,
  context: FactsContext,
  folders: readonly string[] = [],
): Promise<ImageFilesFacts> {
  const { files } = await gather(path, context, { folders, isOpened: false })
  const distribution = await distributionOfImage(files.path, context.ports).catch(() => null)
  return { ...files, ...(distribution && { distribution: distribution.name }) }
}

/** The same of an image whose disk is to change, with those above it as they were found; throws when it cannot be opened, too. */
export async function gatherWithDependents(
  path: string,
  context: FactsContext,
): Promise<{ readonly files: ImageFilesFacts; readonly dependents: readonly Dependent[] }> {
  return await gather(path, context, { folders: [], isOpened: true })
}

async function gather(
  path: string,
  { ports, host, signal }: FactsContext,
  { folders, isOpened }: { readonly folders: readonly string[]; readonly isOpened: boolean },
) {
  assertNotOwnName(path)
  const own = await ownFiles(path, ports.roots)
  const image = join(own.folder, own.image)
  const options = { roots: ports.roots, folders, signal }
  const found = isOpened ? await dependentsOfOpened(image, options) : await dependentsOf(image, options)
  const { dependents, searched, unseen } = found
  const files: ImageFilesFacts = {
    host,
    path: image,
    format: own.format,
    virtualSize: own.virtualSize,
    bytes: own.files.reduce((sum, { size }) => sum + size, 0),
    files: own.files.map((file) => join(own.folder, file.path)),
    elsewhere: own.elsewhere,
    partOf: await imageOfPart(image, { roots: ports.roots, signal }),
    // What stands on a part that stays where it is can do without the image.
    dependents: dependents.filter(({ part }) => !own.elsewhere.includes(part?.path ?? '')).map(pathOf),
    searched,
    unseen,
    uses: await usesOf(own, ports),
    machines: await machinesNaming(image),
  }
  return { files, dependents }
}

/** Refuses to write over a part of an image; `instead` is the command that acts on the whole of it. */
export async function wholeImage(
  path: string,
  { ports: { roots }, signal }: Pick<FactsContext, 'ports' | 'signal'>,
  instead: Parameters<typeof partOfProblems>[1],
): Promise<Problem[]> {
  return partOfProblems({ path, partOf: await imageOfPart(path, { roots, signal }) }, instead)
}

/** Refuses to change the disk of an image that others are made over: theirs would change with it. */
export async function disksAbove(
  path: string,
  { ports: { roots }, signal }: Pick<FactsContext, 'ports' | 'signal'>,
): Promise<Problem[]> {
  const { dependents } = await dependentsOf(path, { roots, signal })
  return dependentsProblem({ path, dependents: dependents.map(pathOf) })
}

const pathOf = ({ path }: Dependent) => path

async function dependentsOfOpened(image: string, options: FindDependentsOptions) {
  const { images, searched, unseen } = await findDependents(image, options)
  return { dependents: images, searched, unseen }
}

async function dependentsOf(image: string, options: FindDependentsOptions) {
  try {
    return await dependentsOfOpened(image, options)
  } catch (error) {
    // An image that cannot be opened is nobody's parent that could be read.
    if (isDiskError(error)) return { dependents: [], searched: [], unseen: null }
    throw error
  }
}

/** Who uses any of its files. */
async function usesOf(
  { folder, image, files }: OwnFiles,
  { findWriters }: FactsContext['ports'],
): Promise<Uses> {
  const inside = await Promise.all(
    files.map(async ({ path, kind }) =>
      kind === 'folder' ? filesOfBundle(join(folder, path)) : [join(folder, path)],
    ),
  )
  // A run is known by the name of the image, which of a bundle is its folder.
  const paths = new Set([join(folder, image), ...inside.flat()])
  return await findUses(
    [...paths].map((path) => ({ path })),
    { purpose: 'move', find: findWriters },
  )
}
