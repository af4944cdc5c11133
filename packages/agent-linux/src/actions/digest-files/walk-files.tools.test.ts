import { chmod, link, lutimes, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadKoffi } from '@varve/engine/file-ranges/load-koffi'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { walkFiles } from './walk-files.ts'

const when = new Date('2026-01-02T03:04:05Z')
const digestOf = (folder: string, allContents = true) => walkFiles(folder, { allContents, onEntry: () => {} })

async function filesIn(place: TempPlace): Promise<string> {
  const folder = place.file('files')
  await mkdir(join(folder, 'sub'), { recursive: true })
  for (const name of ['one', 'sub/two', 'sub/three']) {
    await writeFile(join(folder, name), `words of ${name}\n`)
    await utimes(join(folder, name), when, when)
  }
  await symlink('one', join(folder, 'way'))
  await lutimes(join(folder, 'way'), when, when)
  await link(join(folder, 'sub/two'), join(folder, 'twin'))
  return folder
}

describe.skipIf(process.platform !== 'linux')('the digest of files', () => {
  test('is that of a copy, wherever it lies', async () => {
    await using place = await tempPlace()
    const folder = await filesIn(place)
    await runToolOk('cp', ['-a', folder, place.file('copy')])
    expect(digestOf(place.file('copy'))).toEqual(digestOf(folder))
    expect(digestOf(folder)).toMatchObject({ files: 4, readBytes: 13 + 2 * 17 + 19 })
  })

  test('reaches what lies deeper than a path is long', async () => {
    await using place = await tempPlace()
    const folder = await filesIn(place)
    const deep = async (script: string) =>
      runToolOk('sh', [
        '-c',
        `n=$(printf %0200d 7); cd "$1"; for i in $(seq 50); do mkdir -p $n; cd $n; done; ${script}`,
        'sh',
        folder,
      ])
    try {
      await deep(`echo words >file; touch -d ${when.toISOString()} file`)
      const before = digestOf(folder)
      expect(before.files).toBe(5)
      await deep(`echo other >file; touch -d ${when.toISOString()} file`)
      expect(digestOf(folder).digest).not.toBe(before.digest)
    } finally {
      await runToolOk('rm', ['-rf', folder])
    }
  })

  test.each<[string, (folder: string) => Promise<unknown>]>([
    [
      'a byte',
      async (folder) => {
        await writeFile(join(folder, 'one'), 'Words of one\n')
        await utimes(join(folder, 'one'), when, when)
      },
    ],
    ['a time', async (folder) => utimes(join(folder, 'one'), when, new Date(0))],
    ['rights', async (folder) => chmod(join(folder, 'one'), 0o600)],
    ['rights of a folder', async (folder) => chmod(join(folder, 'sub'), 0o700)],
    ['a name', async (folder) => rename(join(folder, 'one'), join(folder, 'One'))],
    ['a file less', async (folder) => rm(join(folder, 'sub/three'))],
    [
      'the target of a link',
      async (folder) => {
        await rm(join(folder, 'way'))
        await symlink('two', join(folder, 'way'))
        await lutimes(join(folder, 'way'), when, when)
      },
    ],
    [
      'two names of one file that became two files',
      async (folder) => {
        await rm(join(folder, 'twin'))
        await runToolOk('cp', ['-p', join(folder, 'sub/two'), join(folder, 'twin')])
      },
    ],
    ['an owner', async (folder) => runToolOk('chown', ['12', join(folder, 'one')])],
  ])('is another one for %s', async (name, change) => {
    if (name === 'an owner' && process.geteuid?.() !== 0) return
    await using place = await tempPlace()
    const folder = await filesIn(place)
    const before = digestOf(folder).digest
    await change(folder)
    expect(digestOf(folder).digest).not.toBe(before)
  })

  test('is another one for an extended attribute', async () => {
    await using place = await tempPlace()
    const folder = await filesIn(place)
    const set = loadKoffi()
      .load(null)
      .func('int setxattr(str path, str name, str value, size_t size, int flags)')
    const digests = [digestOf(folder).digest]
    for (const value of ['one', 'two']) {
      expect(set(join(folder, 'one'), 'user.varve', value, value.length, 0)).toBe(0)
      digests.push(digestOf(folder).digest)
    }
    expect(new Set(digests).size).toBe(3)
  })

  test('of a copy is another one for the time of a folder, and for a flag, which others do not look at', async () => {
    await using place = await tempPlace()
    const folder = await filesIn(place)
    const wholeOf = () => walkFiles(folder, { allContents: true, isWhole: true, onEntry: () => {} }).digest
    await utimes(join(folder, 'sub'), when, when)
    const [whole, usual] = [wholeOf(), digestOf(folder).digest]
    await utimes(join(folder, 'sub'), when, new Date(0))
    expect(wholeOf()).not.toBe(whole)
    await utimes(join(folder, 'sub'), when, when)
    expect(wholeOf()).toBe(whole)
    const isSet = (await runTool('chattr', ['+d', join(folder, 'one')])).exitCode === 0
    expect(wholeOf() === whole).toBe(!isSet)
    expect(digestOf(folder).digest).toBe(usual)
  })

  test('of a sample reads the first files and a share of the others', async () => {
    await using place = await tempPlace()
    const folder = place.file('many')
    await mkdir(folder)
    for (let n = 0; n < 600; n += 1) await writeFile(join(folder, String(n)), 'x')
    const sample = digestOf(folder, false)
    expect(sample.files).toBe(600)
    expect(sample.readBytes).toBeGreaterThan(256)
    expect(sample.readBytes).toBeLessThan(400)
    expect(digestOf(folder)).toMatchObject({ readBytes: 600 })
  })
})
