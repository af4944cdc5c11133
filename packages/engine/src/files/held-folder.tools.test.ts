import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { DiskError } from '@varve/core/problems/disk-error'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { purge, restore } from '../quarantine/restore.ts'
import { setAside } from '../quarantine/set-aside.ts'
import { openStaging } from '../staging/staging.ts'
import { inFolder } from './held-folder.ts'
import { nodeFiles } from './node-files.ts'
import { openInside } from './open-inside.ts'

const rounds = 300

/** Puts a link to `outside` in the place of `folder` and takes it away again, without end, in a process of its own. */
async function racing(folder: string, outside: string) {
  const script = `
    const { renameSync, symlinkSync, unlinkSync } = require('node:fs')
    const [folder, outside] = process.argv.slice(1)
    const clock = new Int32Array(new SharedArrayBuffer(4))
    console.log('ready')
    for (;;) {
      // Long enough that some calls come to their end, and short enough that many do not.
      Atomics.wait(clock, 0, 0, Math.random() * 4)
      renameSync(folder, folder + '-away')
      symlinkSync(outside, folder)
      unlinkSync(folder)
      renameSync(folder + '-away', folder)
    }`
  const child = spawn(process.execPath, ['-e', script, folder, outside], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(createInterface({ input: child.stdout }), 'line')
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** Two libraries, a folder in the first that is swapped, and one that a link leads to. */
async function twoLibraries() {
  const place = await tempPlace()
  const [images, others] = [place.file('images'), place.file('others')]
  await mkdir(join(images, 'web'), { recursive: true })
  await mkdir(others)
  await writeFile(join(images, 'web/disk.raw'), 'inside'.padEnd(1024))
  await writeFile(join(others, 'disk.raw'), 'secret'.padEnd(1024))
  return { place, images, others, web: join(images, 'web') }
}

/** What a call gave; what is refused, and what is not there for a moment, is no fault. */
async function tried<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof DiskError) return null
    throw error
  }
}

describe('while a folder is swapped for a link in a loop', () => {
  test('nothing outside is read, of another library either', async () => {
    const { place, images, others, web } = await twoLibraries()
    await using _ = place
    const roots = [images, others]
    const files = nodeFiles({ roots })
    const path = join(web, 'disk.raw')
    const seen = new Set<string>()
    await using _race = await racing(web, others)
    for (let round = 0; round < rounds; round += 1) {
      await tried(async () => {
        await using file = await files.open(path)
        const bytes = new Uint8Array(6)
        await file.source.readInto(bytes, 0)
        seen.add(Buffer.from(bytes).toString())
      })
      await tried(async () => {
        await using file = await openInside(path, roots)
        seen.add((await file.readFile('utf8')).trim())
      })
      for (const name of await files.list(web)) seen.add(name)
    }
    expect([...seen].toSorted()).toEqual(['disk.raw', 'inside'])
  })

  test('nothing outside is written: what is staged, published, set aside, restored and removed stays inside', async () => {
    const { place, images, others, web } = await twoLibraries()
    await using _ = place
    const roots = [images, others]
    const done = { published: 0, aside: 0, back: 0 }
    {
      await using _race = await racing(web, others)
      for (let round = 0; round < rounds; round += 1) {
        const name = `new-${round}.raw`
        const image = { staging: 'run1', format: 'raw', subformat: null } as const
        const isPublished = await tried(async () =>
          inFolder(web, roots, async ({ path }) => {
            const staging = openStaging({ ...image, target: join(path, name) })
            await staging.prepare()
            await writeFile(staging.path, 'new', { flag: 'wx' })
            await staging.publish({ file: await staging.identity(), durability: 'cached' })
            return true
          }),
        )
        if (isPublished === true) done.published += 1
        const id = `q${round}`
        const aside = await tried(async () => setAside(join(web, name), { id, why: 'deleted', roots }))
        if (aside === null) continue
        done.aside += 1
        const isBack = await tried(async () =>
          inFolder(web, roots, async ({ path }) =>
            round % 2 === 0 ? (await restore(path, id)).length > 0 : await purge(path, id),
          ),
        )
        if (isBack === true) done.back += 1
      }
    }
    expect(
      Object.values(done).every((count) => count > 0),
      JSON.stringify(done),
    ).toBe(true)
    expect(await readdir(others)).toEqual(['disk.raw'])
    expect((await readFile(join(others, 'disk.raw'), 'utf8')).trim()).toBe('secret')
  })
})

test('a link inside leads nowhere outside, into another library neither; a root that is a link itself does', async () => {
  const { place, images, others } = await twoLibraries()
  await using _ = place
  await symlink(join(others, 'disk.raw'), join(images, 'link.raw'))
  await symlink(others, join(images, 'linked'))
  await symlink(join(images, 'web/disk.raw'), join(images, 'own.raw'))
  await symlink(images, place.file('root'))
  const files = nodeFiles({ roots: [place.file('root'), others] })
  const outside = { code: 'outside-library' }
  for (const name of ['link.raw', 'linked/disk.raw']) {
    await expect(files.open(join(images, name))).rejects.toMatchObject(outside)
    await expect(openInside(join(images, name), [images, others])).rejects.toMatchObject(outside)
  }
  await expect(inFolder(join(images, 'linked'), [images, others], async () => {})).rejects.toMatchObject(
    outside,
  )
  expect(await files.list(join(images, 'linked'))).toEqual([])
  for (const path of [join(images, 'own.raw'), join(place.file('root'), 'web/disk.raw')]) {
    await using file = await files.open(path)
    expect(file.source.size).toBe(1024)
  }
})

test('what fails in a held folder is said of the name that people know', async () => {
  const { place, images, web } = await twoLibraries()
  await using _ = place
  await expect(
    inFolder(web, [images], async ({ path }) => openInside(join(path, 'none.raw'), null)),
  ).rejects.toMatchObject({ code: 'not-found', file: join(web, 'none.raw') })
})

test('whether there is anything outside is not told, but for a parent, which may lie under its name beside the image', async () => {
  const { place, images, others } = await twoLibraries()
  await using _ = place
  const files = nodeFiles({ roots: [images] })
  const told = async (call: Promise<unknown>) =>
    await call.then(
      () => 'opened',
      (error: unknown) => (error instanceof DiskError ? error.code : error),
    )
  for (const path of [join(others, 'disk.raw'), join(others, 'none.raw'), '/none/at/all.raw']) {
    expect([path, await told(openInside(path, [images]))]).toEqual([path, 'outside-library'])
    const aside = setAside(path, { id: 'q1', why: 'deleted', roots: [images] })
    expect([path, await told(aside)]).toEqual([path, 'outside-library'])
  }
  expect(await told(openInside(join(images, 'none.raw'), [images]))).toBe('not-found')
  expect(await told(files.open(join(others, 'disk.raw')))).toBe('outside-library')
  expect(await told(files.open('/none/at/all.raw'))).toBe('not-found')
})
