import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { mergeFragments, parseFragment } from './fragments.ts'

const root = resolve(import.meta.dirname, '../../..')

/** The fragments of folder `changes`, by their names. */
export async function readFragments(changes: string) {
  const names = (await readdir(changes)).filter((name) => name.endsWith('.md') && name !== 'README.md').sort()
  return await Promise.all(
    names.map(async (name) => ({
      name,
      ...parseFragment(name, await readFile(join(changes, name), 'utf8')),
    })),
  )
}

/** Puts all fragments below `checkout` into its changelog and removes them; gives their names. */
export async function takeFragments(checkout: string): Promise<string[]> {
  const changes = join(checkout, 'docs/changes')
  const file = join(checkout, 'CHANGELOG.md')
  const fragments = await readFragments(changes)
  await writeFile(file, mergeFragments(await readFile(file, 'utf8'), fragments))
  for (const { name } of fragments) await rm(join(changes, name))
  return fragments.map(({ name }) => name)
}

if (process.argv[1] === import.meta.filename) {
  for (const name of await takeFragments(root)) process.stdout.write(`${name}\n`)
}
