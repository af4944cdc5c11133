import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Files of one bundle that are watched for changes, at most. */
const fileLimit = 50_000

/** Everything in a bundle and in its `bands`, as paths: what its report depends on. */
export async function filesOfBundle(folder: string): Promise<string[]> {
  const bands = join(folder, 'bands')
  const inside = await Promise.all(
    [folder, bands].map(async (parent) => {
      const names = await readdir(parent).catch((): string[] => [])
      return names.sort().map((name) => join(parent, name))
    }),
  )
  return inside.flat().slice(0, fileLimit)
}
