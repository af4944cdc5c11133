import { stat } from 'node:fs/promises'
import type { ImageReport } from '@varve/core/image/image-report'
import type { Problem } from '@varve/core/problems/problem'
import { usesProblems } from '@varve/core/uses/use-problems'
import { filesOfImage } from '@varve/engine/in-use/files-of-image'
import { findLastingUses, findUses } from '@varve/engine/in-use/find-uses'
import type { ImageAddress } from '@varve/operations/actions/image-address'
import type { AttachRequest } from '@varve/operations/attach/request'
import type { ImageFilesFacts } from '@varve/operations/image-files-facts'
import { useProblems } from '@varve/operations/image-files-problems'
import { imageInput } from '../actions/image-input.ts'
import { gatherImageFiles } from './image-files.ts'
import type { FactsContext } from './local-operation.ts'

/** Whether the bytes of the file are those of the disk, one by one. */
export async function isPlainRaw(
  { path, reading }: ImageAddress,
  { format, chain, fileSize, virtualSize }: ImageReport,
): Promise<boolean> {
  const isChosen = Object.values(reading).some((choice) => choice !== undefined && choice !== false)
  if (format !== 'raw' || chain.length !== 1 || isChosen || fileSize !== virtualSize) return false
  const stats = await stat(path).catch(() => null)
  return stats?.isFile() === true
}

/** Who writes to the files of an image that is to be read: refused, or to be consented to. */
export async function writersOf(
  { image, inUse }: AttachRequest,
  { ports }: FactsContext,
): Promise<Problem[]> {
  const { path, roots, format, choices } = imageInput(image, ports)
  const files = await filesOfImage(path, {
    roots,
    ...(format !== null && { format }),
    ...(choices && { choices }),
  })
  const uses = await findUses(files, { purpose: 'read', find: ports.findWriters })
  return inUse === 'accept' ? usesProblems(uses) : useProblems({ uses })
}

/** What is written to must not even be read by others. */
export async function filesForWriting(image: string, context: FactsContext): Promise<ImageFilesFacts> {
  const facts = await gatherImageFiles(image, context)
  const uses = await findLastingUses(
    facts.files.map((path) => ({ path })),
    { purpose: 'change', find: context.ports.findWriters },
  )
  return { ...facts, uses }
}
