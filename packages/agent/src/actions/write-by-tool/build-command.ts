import { basename, join } from 'node:path'
import { stagedPath } from '@varve/engine/files/staged-name'
import type { ActionInput } from '@varve/operations/actions/action-table'
import type { Staged } from '@varve/operations/actions/new-image'
import { writtenFolder } from '@varve/operations/actions/write-by-tool'
import { kindWritten } from '@varve/operations/convert/writing-tools'
import { convertCommand } from '../../tools/qemu-img/commands.ts'
import type { ToolCommand } from '../../tools/tool-command.ts'
import { cloneMedium } from '../../tools/vboxmanage/commands.ts'
import { convertVmdk } from '../../tools/vmware-vdiskmanager/commands.ts'
import { noHyperV } from '../no-hyper-v.ts'

/** The hidden folder in which a tool writes, and the image in it, which has the name already that it is to get. */
export function writtenPlace(image: Staged): { readonly folder: string; readonly path: string } {
  const { target, staging } = writtenFolder(image)
  const folder = stagedPath(target, staging)
  return { folder, path: join(folder, basename(target)) }
}

/** The command of a tool that writes the disk of an image as another one. */
export function buildCommand({ tool, source, image }: ActionInput<'write-by-tool'>): ToolCommand<null> {
  const { format, subformat } = image
  const { path } = writtenPlace(image)
  const kind = kindWritten(format, subformat)
  switch (tool) {
    case 'qemu-img':
      return convertCommand({ source, target: { path, format, kind } })
    case 'vboxmanage':
      return cloneMedium({ source: source.path, target: path, format, kind, isRaw: source.format === 'raw' })
    case 'vmware-vdiskmanager':
      return convertVmdk({ source: source.path, target: path, kind: kind ?? '' })
    case 'hyper-v':
      throw noHyperV(source.path)
  }
}
