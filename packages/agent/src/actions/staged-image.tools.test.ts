import { copyFile, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { WorkerPool } from '@varve/engine/run/worker-pool'
import { expect, test } from 'vitest'
import { adapterTable } from './adapter-table.ts'
import type { ActionContext } from './adapter.ts'
import { performAction } from './perform.ts'

function contextOf(pool: WorkerPool, roots: readonly string[]): ActionContext {
  const tools = {
    find: async () => null,
    run: async () => {
      throw new RangeError('there are no tools')
    },
  }
  return {
    ports: { roots, tools, pool, findWriters: null, stateFolder: join(roots[0] ?? '', '.state') },
    signal: new AbortController().signal,
    onProgress: () => {},
  }
}

function does(context: ActionContext) {
  return async (action: string, input: unknown) =>
    performAction(adapterTable, { action, input }, { ...context, isResumed: true })
}

test('an image is written, proven and published by calls that know each other by a name only', async () => {
  await using place = await tempPlace()
  await using pool = new WorkerPool()
  const run = does(contextOf(pool, [place.path]))
  await writeFile(place.file('a.raw'), Buffer.alloc(3 * 1024 * 1024, 'v'))
  const image = { target: place.file('b.vmdk'), staging: 'id1', format: 'vmdk', subformat: 'monolithicFlat' }
  const source = { path: place.file('a.raw'), format: 'raw' }
  // Twice, as after a death.
  await run('write-image', { source, image })
  const written = (await run('write-image', { source, image })) as { digest: string; file: string }
  await expect(
    run('prove-image', { image, expected: 'f'.repeat(64), durability: 'synced' }),
  ).rejects.toMatchObject({ code: 'digest-mismatch', details: { file: place.file('b.vmdk') } })
  await run('prove-image', { image, expected: written.digest })
  await run('publish-image', { ...image, file: written.file })
  await run('publish-image', { ...image, file: written.file })
  await run('discard-staged', image)
  expect(await shown(place.path)).toEqual(['a.raw', 'b-flat.vmdk', 'b.vmdk'])
  // Undone: into quarantine, but never what somebody else gave the name.
  const aside = { path: image.target, quarantine: 'id1', why: 'undone', only: written.file }
  await run('set-aside', { ...aside, only: '1' })
  expect(await shown(place.path)).toEqual(['a.raw', 'b-flat.vmdk', 'b.vmdk'])
  await run('set-aside', aside)
  await run('set-aside', aside)
  expect(await shown(place.path)).toEqual(['a.raw'])
  await writeFile(image.target, 'theirs')
  await run('set-aside', aside)
  expect(await shown(place.path)).toEqual(['a.raw', 'b.vmdk'])
})

const shown = async (folder: string) =>
  (await readdir(folder)).filter((name) => !name.startsWith('.') && name !== 'quarantines').toSorted()

test('nothing is read or written outside the roots, links resolved', async () => {
  await using place = await tempPlace()
  await using pool = new WorkerPool()
  await mkdir(place.file('library'))
  await mkdir(place.file('elsewhere'))
  await writeFile(place.file('library/a.raw'), 'x'.repeat(512))
  await copyFile(place.file('library/a.raw'), place.file('elsewhere/a.raw'))
  await symlink(place.file('elsewhere'), place.file('library/link'))
  const run = does(contextOf(pool, [place.file('library')]))
  const write = async (from: string, to: string) =>
    run('write-image', {
      source: { path: place.file(from), format: 'raw' },
      image: { target: join(place.path, to), staging: 'id1', format: 'raw', subformat: null },
    })
  const outside = { code: 'outside-library' }
  await expect(write('library/a.raw', 'elsewhere/b.raw')).rejects.toMatchObject(outside)
  await expect(write('library/a.raw', 'library/link/b.raw')).rejects.toMatchObject(outside)
  await expect(write('library/a.raw', 'library/../b.raw')).rejects.toMatchObject(outside)
  await expect(write('elsewhere/a.raw', 'library/b.raw')).rejects.toMatchObject(outside)
  await expect(write('library/link/a.raw', 'library/b.raw')).rejects.toMatchObject(outside)
  await expect(run('publish-image', image(place.file('elsewhere/b.raw')))).rejects.toMatchObject(outside)
  await expect(run('discard-staged', image(place.file('elsewhere/b.raw')))).rejects.toMatchObject(outside)
  expect(await readdir(place.file('elsewhere'))).toEqual(['a.raw'])
  await write('library/a.raw', 'library/b.raw')
})

function image(target: string) {
  return { target, staging: 'id1', format: 'raw', subformat: null }
}
