import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Files of one bundle that are watched for changes, at most. */
const fileLimit = 50_000

/** Everything in a bundle and in its `bands`, as paths: what its report depends on. */
export async function filesOfBundle(folder: string): Promise<string[]> {
  const own = await namesIn(folder)
  const bands = own.filter((name) => name.toLowerCase() === 'bands').map((name) => join(folder, name))
  const inside = await Promise.all(
    [folder, ...bands].map(async (parent) => (await namesIn(parent)).map((name) => join(parent, name))),
  )
  return inside.flat().slice(0, fileLimit)
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch((): string[] => [])).sort()
}
