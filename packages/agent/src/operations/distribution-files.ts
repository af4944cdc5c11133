import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { hostFileRanges } from '@varve/engine/file-ranges/host-file-ranges'
import { inspectFile } from '@varve/engine/images/inspect-file'
import { folderOfTarget } from '@varve/engine/moving/copy-files'
import { exportDistributionOperation } from '@varve/operations/export-distribution/plan'
import { importDistributionOperation } from '@varve/operations/import-distribution/plan'
import { assertTarget } from '../actions/inside-roots.ts'
import { gatherDistributionDisk } from './distribution-disk.ts'
import { gatherImageFiles } from './image-files.ts'
import { defineLocalOperation } from './local-operation.ts'

export const exportDistributionHere = defineLocalOperation(
  exportDistributionOperation,
  async (request, context) => {
    const disk = await gatherDistributionDisk(request.image, context)
    const target = join(await folderOfTarget(request.target), basename(request.target))
    await assertTarget(context.ports, target)
    const { free } = hostFileRanges().filesystemOf(dirname(target))
    const isTaken = (await stat(target).catch(() => null)) !== null
    return { ...disk, target, isTaken, targetFree: free }
  },
)

export const importDistributionHere = defineLocalOperation(
  importDistributionOperation,
  async ({ image, folder }, context) => {
    const { ports } = context
    const files = await gatherImageFiles(image, context)
    const { guest } = await inspectFile(files.path, { roots: ports.roots })
    const { distributions } = (await ports.windowsHost?.distributions()) ?? { distributions: [] }
    const inFolder = folder === null ? [] : await readdir(folder).catch(() => [])
    return {
      ...files,
      isOwnHost: ports.roots === null,
      wsl: (await ports.windowsHost?.wslVersion()) ?? null,
      names: distributions.flatMap(({ isOwn, name }) => (isOwn ? [name] : [])),
      isFolderUsed: inFolder.length > 0,
      wholeDisk: (guest?.filesystems ?? []).flatMap(({ start, type }) => (start === 0 ? [type] : [])),
      free: folder === null ? null : hostFileRanges().filesystemOf(await folderOfTarget(folder)).free,
    }
  },
)
