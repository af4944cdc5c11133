import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { placePackages } from './packages.ts'

interface Made {
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
}

async function made(folder: string, version: string, { dependencies, peerDependencies }: Made = {}) {
  await mkdir(folder, { recursive: true })
  const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name, version, dependencies, peerDependencies }),
  )
}

test('two versions of a package lie where each is found by who needs it', async () => {
  await using place = await tempPlace()
  const modules = place.file('node_modules')
  await made(join(modules, 'a'), '1.0.0', { dependencies: { c: '2' }, peerDependencies: { typescript: '1' } })
  await made(join(modules, 'a/node_modules/c'), '2.0.0', { dependencies: { d: '1' } })
  await made(join(modules, 'b'), '1.0.0', { dependencies: { a: '1', c: '1' } })
  await made(join(modules, 'c'), '1.0.0')
  await made(join(modules, 'd'), 'v1.0.0', { dependencies: { a: '1' } })
  const placed = await placePackages([[place.path, ['b', 'c']]])
  expect(placed.map((one) => `${one.place} ${one.version}`)).toEqual([
    'node_modules/a 1.0.0',
    'node_modules/a/node_modules/c 2.0.0',
    'node_modules/b 1.0.0',
    'node_modules/c 1.0.0',
    'node_modules/d 1.0.0',
  ])
  await expect(placePackages([[place.path, ['e']]])).rejects.toThrow('e is not installed')
})
