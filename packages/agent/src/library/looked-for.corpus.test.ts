import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { corpusEntries, unpackCorpus } from '@varve/test-kit/corpus'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { TestScan } from '../testing/test-scan.ts'

const entries = corpusEntries()

test.skipIf(entries === null).each([
  ['fat-differential.vhd', 'fat-parent.vhd'],
  ['fat-differential.vhdx', 'fat-parent.vhdx'],
])('%s is looked at again when its parent %s comes, goes and comes back', async (child, parent) => {
  await using place = await tempPlace()
  const [from, library] = [place.file('from'), place.file('library')]
  await Promise.all([mkdir(from), mkdir(library)])
  const wanted = (entries ?? []).filter(({ file }) => [`${child}.zst`, `${parent}.zst`].includes(file))
  unpackCorpus(wanted, from)
  const scan = new TestScan(library)
  const isBlocked = async () => {
    const { records } = await scan.run()
    const report = records.get(child)?.report
    expect(report).toBeDefined()
    return report?.problems.some(({ severity }) => severity === 'block')
  }
  await rename(join(from, child), join(library, child))
  expect(await isBlocked()).toBe(true)
  for (let round = 0; round < 2; round += 1) {
    await rename(join(from, parent), join(library, parent))
    expect(await isBlocked()).toBe(false)
    await rename(join(library, parent), join(from, parent))
    expect(await isBlocked()).toBe(true)
  }
})
