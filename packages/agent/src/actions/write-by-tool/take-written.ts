import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isSplit } from '@varve/core/formats/writable-formats'
import { DiskError, renamedIn } from '@varve/core/problems/disk-error'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import { copyFile } from '@varve/engine/staging/copy-file'
import { openStaging } from '@varve/engine/staging/staging'
import { writeError } from '@varve/engine/system/system-error'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { kindWritten, writingToolRules, type WritingTool } from '@varve/operations/convert/writing-tools'
import type { ActionContext } from '../adapter.ts'
import { writtenPlace } from './build-command.ts'

type Input = ActionInput<'write-by-tool'>

/** Formats whose kind is told by one word, the same for everybody. */
const toldKinds: ReadonlySet<string> = new Set(['vdi', 'vhd', 'vhdx', 'vmdk'])

/** Makes the empty hidden folder; what an earlier attempt left is gone. */
export async function prepareFolder({ image }: Pick<Input, 'image'>): Promise<void> {
  await discardWritten({ image })
  const { folder } = writtenPlace(image)
  await mkdir(folder).catch((error: unknown) => {
    throw writeError(error, image.target)
  })
}

/** Removes all that was written. */
export async function discardWritten({ image }: Pick<Input, 'image'>): Promise<void> {
  await rm(writtenPlace(image).folder, { recursive: true, force: true }).catch((error: unknown) => {
    throw writeError(error, image.target)
  })
  await openStaging(image).discard()
}

/**
 * Makes what a tool wrote the staged image, when it is one whole image of the kind that was asked for: that a tool says so
 * counts for nothing. Throws `tool-failed`.
 */
export async function takeWritten({ tool, image }: Input, context: ActionContext) {
  const { folder, path } = writtenPlace(image)
  const { format, subformat, target } = image
  try {
    await assertKind({ tool, image }, path, context)
    const staging = openStaging(image)
    const names = await readdir(folder)
    if (isSplit(format, subformat)) await rename(folder, staging.hidden)
    else if (isLeftSparse(tool, format)) await copyFile(path, staging.path, copying(context))
    else await rename(path, staging.path)
    await rm(folder, { recursive: true, force: true })
    const parts = isSplit(format, subformat) ? names.filter((name) => name !== basename(target)) : []
    const files = [staging.path, ...parts.map((name) => join(staging.hidden, name))]
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
    const fileSize = sizes.reduce((sum, size) => sum + size, 0)
    return { staging: image.staging, file: await staging.identity(), fileSize, parts }
  } catch (error) {
    throw renamedIn(error instanceof DiskError ? error : writeError(error, target), path, target)
  }
}

/** qemu-img leaves sparse files on Windows, and Hyper-V opens no such VHD (0xC03A001A). */
export function isLeftSparse(
  tool: WritingTool,
  format: string,
  system: NodeJS.Platform = process.platform,
): boolean {
  return system === 'win32' && tool === 'qemu-img' && (format === 'vhd' || format === 'vhdx')
}

function copying({ signal, onProgress }: ActionContext) {
  return {
    signal,
    onProgress: (done: number, total: number) =>
      onProgress({ of: 'tool', progress: { fraction: total === 0 ? 1 : done / total } }),
  }
}

async function assertKind(
  { tool, image }: Pick<Input, 'tool' | 'image'>,
  path: string,
  { ports: { roots }, signal }: ActionContext,
): Promise<void> {
  const { format, subformat, target } = image
  const failed = (stderr: string) =>
    new DiskError('tool-failed', {
      file: target,
      tool: writingToolRules[tool].label,
      exitCode: 0,
      stderr,
    })
  if (!(await stat(path).catch(() => null))?.isFile())
    throw failed('it ended as if all were done, and has written no image')
  const report = await inspectInput({ kind: 'image', path, roots, format }, { signal })
  const kind = kindWritten(format, subformat)
  if (report.chain.length !== 1) throw failed('what it wrote is not a whole image: it stands on another one')
  if (toldKinds.has(format) && report.subformat !== kind)
    throw failed(`what it wrote is ${format} ${report.subformat ?? 'of an unknown kind'}, not ${kind}`)
}
