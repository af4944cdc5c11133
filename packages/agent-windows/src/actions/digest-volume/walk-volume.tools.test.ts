import { appendFile, chmod, cp, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { walkVolume } from './walk-volume.ts'

const when = new Date('2026-01-02T03:04:05Z')
const { signal } = new AbortController()
const walk = async (root: string, allContents = true) => walkVolume(root, { allContents, signal })

async function volumeIn(place: TempPlace): Promise<string> {
  const root = place.file('volume')
  await mkdir(join(root, 'Users/ünï'), { recursive: true })
  await mkdir(join(root, 'System Volume Information'))
  for (const name of ['one', 'Users/two', 'Users/ünï/three']) {
    await writeFile(join(root, name), `words of ${name}\n`)
    await utimes(join(root, name), when, when)
  }
  await symlink('/etc', join(root, 'way'))
  return root
}

describe.skipIf(process.platform === 'win32')('the digest of a volume of Windows', () => {
  test('is that of a copy, with what Windows keeps for itself left out; links are not followed', async () => {
    await using place = await tempPlace()
    const root = await volumeIn(place)
    const before = await walk(root)
    expect(before).toMatchObject({ files: 3, denied: 0 })
    expect(before.readBytes).toBeGreaterThan(40)
    await writeFile(join(root, 'System Volume Information/tracking.log'), 'x')
    expect(await walk(root)).toEqual(before)
    const copy = place.file('copy')
    await cp(root, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
    const { digest } = await walk(copy)
    // The times of links are their own.
    await rm(join(copy, 'way'))
    await rm(join(root, 'way'))
    expect((await walk(copy)).digest).toBe((await walk(root)).digest)
    expect(digest).not.toBe((await walk(root)).digest)
  })

  test.each<[string, (root: string) => Promise<unknown>]>([
    ['contents', async (root) => writeAs(join(root, 'one'), 'words of 0ne\n')],
    ['size', async (root) => appendAs(join(root, 'one'))],
    ['time', async (root) => utimes(join(root, 'one'), when, new Date(0))],
    ['name', async (root) => rename(join(root, 'one'), join(root, 'One'))],
    ['place', async (root) => rename(join(root, 'Users/two'), join(root, 'two'))],
    ['a folder more', async (root) => mkdir(join(root, 'Users/System Volume Information'))],
    [
      'a target of a link',
      async (root) => rm(join(root, 'way')).then(() => symlink('/usr', join(root, 'way'))),
    ],
    ['one that is gone', async (root) => rm(join(root, 'Users/two'))],
  ])('is another one with another %s', async (_what, change) => {
    await using place = await tempPlace()
    const root = await volumeIn(place)
    const before = await walk(root)
    await change(root)
    expect((await walk(root)).digest).not.toBe(before.digest)
  })

  test.skipIf(process.geteuid?.() === 0)('what is denied is told, and the same twice', async () => {
    await using place = await tempPlace()
    const root = await volumeIn(place)
    await chmod(join(root, 'one'), 0)
    await chmod(join(root, 'Users/ünï'), 0)
    const before = await walk(root)
    expect(before.denied).toBe(2)
    expect(await walk(root)).toEqual(before)
    await chmod(join(root, 'Users/ünï'), 0o755)
  })

  test('ends when it is told to', async () => {
    await using place = await tempPlace()
    const root = await volumeIn(place)
    await expect(walkVolume(root, { allContents: true, signal: AbortSignal.abort() })).rejects.toThrow()
  })

  async function writeAs(path: string, text: string): Promise<void> {
    await writeFile(path, text)
    await utimes(path, when, when)
  }
  async function appendAs(path: string): Promise<void> {
    await appendFile(path, 'x')
    await utimes(path, when, when)
  }
})
