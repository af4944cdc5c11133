import { sameFileAs } from '@varve/engine/files/same-file'
import type { DistributionFacts } from '@varve/operations/resize/facts'
import type { ActionPorts } from '../actions/adapter.ts'

/** The distribution of WSL that has the image as its disk; null: none has. */
export async function distributionOfImage(
  image: string,
  { windowsHost }: Pick<ActionPorts, 'windowsHost'>,
): Promise<Omit<DistributionFacts, 'wsl'> | null> {
  if (!windowsHost) return null
  const isImage = await sameFileAs(image)
  if (isImage === null) return null
  const { distributions } = await windowsHost.distributions()
  for (const { disk, kind, name, owner, isOwn } of distributions)
    if (disk && (await isImage(disk.path))) return { kind, name, owner, isOwn }
  return null
}
