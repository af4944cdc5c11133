import { stat } from 'node:fs/promises'
import type { DistributionFacts } from '@varve/operations/resize/facts'
import type { ActionPorts } from '../actions/adapter.ts'

/** The distribution of WSL that has the image as its disk; null: none has. */
export async function distributionOfImage(
  image: string,
  { windowsHost }: Pick<ActionPorts, 'windowsHost'>,
): Promise<Omit<DistributionFacts, 'wsl'> | null> {
  if (!windowsHost) return null
  const wanted = await stat(image, { bigint: true }).catch(() => null)
  if (wanted === null) return null
  const { distributions } = await windowsHost.distributions()
  for (const { disk, kind, name, owner, isOwn } of distributions) {
    const there = disk && (await stat(disk.path, { bigint: true }).catch(() => null))
    if (there?.dev === wanted.dev && there.ino === wanted.ino) return { kind, name, owner, isOwn }
  }
  return null
}
