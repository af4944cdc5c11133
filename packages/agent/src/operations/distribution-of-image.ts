import { sameFileAs } from '@varve/engine/files/same-file'
import type { DistributionFacts } from '@varve/operations/resize/facts'
import type { ActionPorts } from '../actions/adapter.ts'

/** A distribution, and whether its disk is sparse; null: that is not told. */
export interface DistributionOfImage extends Omit<DistributionFacts, 'wsl'> {
  readonly isSparse: boolean | null
}

/** The distribution of WSL that has the image as its disk; null: none has. */
export async function distributionOfImage(
  image: string,
  { windowsHost }: Pick<ActionPorts, 'windowsHost'>,
): Promise<DistributionOfImage | null> {
  if (!windowsHost) return null
  const isImage = await sameFileAs(image)
  if (isImage === null) return null
  const { distributions } = await windowsHost.distributions()
  for (const { disk, kind, name, owner, isOwn } of distributions)
    if (disk && (await isImage(disk.path))) return { kind, name, owner, isOwn, isSparse: disk.isSparse }
  return null
}
