import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import { namedAsRaw, promisedFormat } from '@varve/core/image/detect-format'
import { driverFor } from '@varve/core/chain/drivers'
import type { FormatName } from '@varve/core/image/format-rules'
import { walkChain } from '@varve/core/chain/walk-chain'
import { isDiskError } from '@varve/core/problems/disk-error'
import { findDependents, type Dependent } from '@varve/engine/dependents/find-dependents'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { assertNameFits } from '@varve/engine/files/staged-name'
import { hostFileRanges } from '@varve/engine/file-ranges/host-file-ranges'
import { findUses } from '@varve/engine/in-use/find-uses'
import { folderOfTarget } from '@varve/engine/moving/copy-files'
import { nodePorts } from '@varve/engine/ports/ports'
import { inodeOf } from '@varve/engine/quarantine/names'
import { ownFiles, type OwnFiles } from '@varve/engine/quarantine/own-files'
import { assertNameable, type NamedAnew } from '@varve/engine/repoint/assert-nameable'
import { readError } from '@varve/engine/system/system-error'
import type { MovedFile } from '@varve/operations/actions/move-image'
import type { ChildOfMoved, MoveFacts } from '@varve/operations/move/facts'
import { moveOperation } from '@varve/operations/move/plan'
import type { MoveRequest } from '@varve/operations/move/request'
import { assertTarget } from '../actions/inside-roots.ts'
import { ofWslNow } from './distribution-disk.ts'
import { gatherImageFiles } from './image-files.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'

export const moveHere = defineLocalOperation(moveOperation, gatherMove)

async function gatherMove(request: MoveRequest, context: FactsContext): Promise<MoveFacts> {
  const { roots, findWriters } = context.ports
  assertNameFits(request.target)
  const folders = await foldersIn(request.folders, roots)
  const image = await gatherImageFiles(request.source, context, folders)
  const own = await ownFiles(request.source, roots)
  const target = await targetOf(request.target, image.path)
  await assertTarget(context.ports, target)
  const moves = movesTo(own, target)
  const [here, there] = [placeOf(own.folder), placeOf(dirname(target))]
  const direct = renamedParents(await childrenOf(image.path, context, folders), { image, target, moves })
  const parent = dirname(target) === own.folder ? null : await relativeParent(image.path, roots)
  const children = await Promise.all(direct.map(asChild))
  const ofWsl = await ofWslNow(image.path, context.ports).catch(() => null)
  const namings = [
    ...(parent ? [{ image: image.path, imagePath: target, ...parentStays(parent) }] : []),
    ...direct
      .filter(({ child }) => child.isFollowed)
      .map(({ child, parent: to }) => ({
        image: child.path,
        imagePath: child.path,
        parent: child.part?.path ?? image.path,
        parentFormat: to.format,
        parentPath: to.path,
      })),
  ]
  return {
    ...image,
    target,
    moves,
    taken: moves.flatMap(({ to, inode }) => {
      const named = inodeOf(to)
      return named === null || named === inode ? [] : [to]
    }),
    isOneFilesystem: await isOne(own.folder, dirname(target)),
    free: here.mountPoint !== null && here.mountPoint === there.mountPoint ? null : there.free,
    parent,
    children,
    unnameable: await unnameableIn(namings, roots),
    childUses: await findUses(
      direct.map(({ child }) => child),
      { purpose: 'change', find: findWriters },
    ),
    promised: promisedOf(target, image.format),
    ...(ofWsl && { ofWsl }),
  }
}

/** A folder means the same name in it. */
async function targetOf(target: string, image: string): Promise<string> {
  const isFolder = await stat(target).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
  const path = isFolder && inodeOf(target) !== inodeOf(image) ? join(target, basename(image)) : target
  return join(await folderOfTarget(path), basename(path))
}

/** Parts keep their names, by which the image names them: within its folder they stay as they are. */
function movesTo({ folder, image, files }: OwnFiles, target: string): MovedFile[] {
  const moves = files.map(({ path, kind, inode }) => ({
    from: join(folder, path),
    to: path === image ? target : join(dirname(target), path),
    kind,
    inode,
  }))
  return moves.filter(({ from, to }, index) => from !== to || index === moves.length - 1)
}

function placeOf(folder: string) {
  return hostFileRanges().filesystemOf(folder)
}

/** A rename goes neither to another filesystem nor through another mount of the same one. */
async function isOne(from: string, to: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(from), stat(to)])
  return a.dev === b.dev && placeOf(from).mountPoint === placeOf(to).mountPoint
}

async function relativeParent(image: string, roots: readonly string[] | null): Promise<MoveFacts['parent']> {
  try {
    await using walked = await walkChain(image, nodePorts({ roots, io: 'sync', packed: 'name' }))
    const [own, parent] = walked.links
    const names = own.facts.parent?.names ?? []
    if (!parent || names.every((name) => isAbsolute(name))) return null
    const { format } = own.facts
    return {
      path: parent.file.path,
      format: parent.facts.format,
      isWritten: await isRewritten(format),
    }
  } catch (error) {
    if (isDiskError(error)) return null
    throw error
  }
}

async function isRewritten(format: FormatName): Promise<boolean> {
  return (await driverFor(format)).repoint !== undefined
}

/** Their real paths; throws `outside-library` for one that is not in the roots. */
async function foldersIn(
  folders: readonly string[],
  roots: readonly string[] | null,
): Promise<readonly string[]> {
  const library = libraryRoots(roots)
  return await Promise.all(
    folders.map(async (folder) => {
      const real = await realpath(folder).catch((error: unknown) => {
        throw readError(error, folder)
      })
      library.assertInside(real, folder)
      return real
    }),
  )
}

async function childrenOf(
  image: string,
  { ports, signal }: FactsContext,
  folders: readonly string[],
): Promise<readonly Dependent[]> {
  try {
    const { images } = await findDependents(image, { roots: ports.roots, folders, signal })
    return images.filter(({ depth }) => depth === 1)
  } catch (error) {
    if (isDiskError(error)) return []
    throw error
  }
}

interface RenamedParent {
  readonly child: Dependent
  readonly parent: ChildOfMoved['parent']
}

interface Renaming extends Pick<MoveFacts, 'target' | 'moves'> {
  readonly image: Pick<MoveFacts, 'format'>
}

/** The children whose parent gets another name: that of the image, or of the part that they stand on. */
function renamedParents(
  children: readonly Dependent[],
  { image: { format }, target, moves }: Renaming,
): RenamedParent[] {
  return children.flatMap((child) => {
    if (child.part === null) return [{ child, parent: { path: target, format } }]
    const path = newPathOf(child.part.path, moves)
    return path === child.part.path ? [] : [{ child, parent: { path, format: child.part.format } }]
  })
}

/** Of a file that is moved, by itself or in a folder. */
function newPathOf(path: string, moves: readonly MovedFile[]): string {
  for (const { from, to } of moves) {
    if (path === from) return to
    if (path.startsWith(from + sep)) return join(to, relative(from, path))
  }
  return path
}

async function asChild({ child, parent }: RenamedParent): Promise<ChildOfMoved> {
  const { path, format, isFollowed } = child
  return { path, format, parent, isWritten: isFollowed && (await isRewritten(format)) }
}

function parentStays({ path, format }: NonNullable<MoveFacts['parent']>) {
  return { parent: path, parentFormat: format, parentPath: path }
}

/** Asks the format of each image whether it can hold the new name of its parent. */
async function unnameableIn(
  namings: readonly Omit<NamedAnew, 'roots'>[],
  roots: readonly string[] | null,
): Promise<MoveFacts['unnameable']> {
  const found: { path: string; reason: string }[] = []
  for (const naming of namings) {
    try {
      await assertNameable({ ...naming, roots })
    } catch (error) {
      if (!isDiskError(error)) throw error
      const reason = isDiskError(error, 'refused') ? error.details.reason : error.message
      found.push({ path: naming.image, reason })
    }
  }
  return found
}

function promisedOf(target: string, format: FormatName | null): FormatName | null {
  const promised = promisedFormat(target) ?? (namedAsRaw(target) ? 'raw' : null)
  return promised === format ? null : promised
}
