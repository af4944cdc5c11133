import { stat } from 'node:fs/promises'
import { hostFileRanges } from '@varve/engine/file-ranges/host-file-ranges'
import type { DistributionDiskFacts, OfDistribution } from '@varve/operations/distributions/facts'
import { setSparseOperation } from '@varve/operations/set-sparse/plan'
import type { ActionPorts } from '../actions/adapter.ts'
import { distributionOfImage } from './distribution-of-image.ts'
import { gatherImageFiles } from './image-files.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'

export const setSparseHere = defineLocalOperation(setSparseOperation, async ({ image }, context) =>
  gatherDistributionDisk(image, context),
)

/** What is known of an image that is the disk of a distribution. */
export async function gatherDistributionDisk(
  image: string,
  context: FactsContext,
): Promise<DistributionDiskFacts> {
  const files = await gatherImageFiles(image, context)
  const { free } = hostFileRanges().filesystemOf(files.path)
  const stats = await stat(files.path).catch(() => null)
  return {
    ...files,
    ofWsl: await ofWslNow(files.path, context.ports),
    free,
    allocated: stats === null ? null : stats.blocks * 512,
  }
}

/** The distribution of the image, with the version of WSL; null: it is of none. */
export async function ofWslNow(
  image: string,
  ports: Pick<ActionPorts, 'windowsHost'>,
): Promise<OfDistribution | null> {
  const found = await distributionOfImage(image, ports)
  return found && { ...found, wsl: (await ports.windowsHost?.wslVersion()) ?? null }
}
