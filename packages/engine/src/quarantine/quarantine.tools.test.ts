import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { listEntries, quarantineName, readEntry } from './entry.ts'
import { manifestName } from './manifest.ts'
import { hostNames, type NameCalls } from './names.ts'
import { ownFiles } from './own-files.ts'
import { idOfNew, putBack, replaceFiles } from './replace.ts'
import { purge, restore } from './restore.ts'
import { setAside } from './set-aside.ts'

class Death extends Error {}

/** Names whose call number `last` is the last one, before or after its effect; counts the calls. */
function mortal(names: NameCalls, last: number, when: 'before' | 'after') {
  const count = { calls: 0 }
  const step = <T>(work: () => T): T => {
    count.calls += 1
    const isLast = count.calls === last
    if (isLast && when === 'before') throw new Death()
    const result = work()
    if (isLast) throw new Death()
    return result
  }
  const calls: NameCalls = {
    link: (from, to) => step(() => names.link(from, to)),
    unlink: (path) => step(() => names.unlink(path)),
    renameOver: (from, to) => step(() => names.renameOver(from, to)),
    renameNew: (from, to) => step(() => names.renameNew(from, to)),
    exchange: (a, b) => step(() => names.exchange(a, b)),
  }
  return calls
}

const eperm = () => {
  throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' })
}
const hosts: [string, NameCalls][] = [
  ['this host', hostNames],
  ['a host that cannot exchange names', { ...hostNames, exchange: () => false }],
  ['a filesystem without links', { ...hostNames, link: eperm, exchange: () => false }],
]

const descriptor = (parts: readonly string[]) =>
  [
    '# Disk DescriptorFile',
    'version=1',
    'CID=12345678',
    'parentCID=ffffffff',
    'createType="twoGbMaxExtentFlat"',
    ...parts.map((name) => `RW 8 FLAT "${name}" 0`),
    'ddb.adapterType = "ide"',
    '',
  ].join('\n')

type Tree = Readonly<Record<string, string>>
const kinds: Record<string, (mark: string) => Tree> = {
  file: (mark) => ({ 'disk.vmdk': `file ${mark}` }),
  split: (mark) => ({
    'disk-f001.vmdk': `first ${mark}`.padEnd(4096),
    'disk-f002.vmdk': `second ${mark}`.padEnd(4096),
    'disk.vmdk': `${descriptor(['disk-f001.vmdk', 'disk-f002.vmdk'])}# ${mark}\n`,
  }),
  bundle: (mark) => ({
    'disk.vmdk/Info.plist': `<plist><dict><key>mark</key><string>${mark}</string></dict></plist>`,
    'disk.vmdk/bands/0': mark,
  }),
}

async function plant(folder: string, tree: Tree): Promise<void> {
  for (const [name, text] of Object.entries(tree)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

/** Every file below a folder, without what is hidden. */
async function grown(folder: string): Promise<Tree> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(folder.length + 1)
    if (entry.isFile() && !name.startsWith('.')) found[name] = await readFile(path, 'utf8')
  }
  return found
}

/** Whether all of `tree` is in one place: at its names, in an entry, or hidden beside. */
async function isWhole(folder: string, tree: Tree): Promise<boolean> {
  const quarantine = join(folder, quarantineName)
  const entries = existsSync(quarantine) ? await readdir(quarantine) : []
  const places = [folder, join(folder, '.new'), ...entries.map((id) => join(quarantine, id, 'files'))]
  for (const place of places) {
    const same = await Promise.all(
      Object.entries(tree).map(async ([name, text]) =>
        readFile(join(place, name), 'utf8').then(
          (found) => found === text,
          () => false,
        ),
      ),
    )
    if (same.every(Boolean)) return true
  }
  return false
}

/** Calls `work` with names that end at each of their calls, then goes on with names that last; `atDeath` looks in between. */
async function dieEverywhere(
  names: NameCalls,
  prepare: (folder: string) => Promise<void>,
  work: (folder: string, names: NameCalls) => Promise<unknown>,
  look: { atDeath: (folder: string) => Promise<void>; atEnd: (folder: string) => Promise<void> },
): Promise<number> {
  let deaths = 0
  for (const when of ['before', 'after'] as const) {
    for (let last = 1; ; last += 1) {
      await using place = await tempPlace()
      await prepare(place.path)
      const died = await work(place.path, mortal(names, last, when)).then(
        () => false,
        (error: unknown) => {
          const cause = error instanceof Error ? error.cause : null
          if (!(error instanceof Death) && !(cause instanceof Death)) throw error
          return true
        },
      )
      if (died) {
        deaths += 1
        await look.atDeath(place.path)
        await work(place.path, names)
      }
      await look.atEnd(place.path)
      if (!died) break
    }
  }
  return deaths
}

describe.each(hosts)('a quarantine on %s', (name, names) => {
  const hasLinks = name !== 'a filesystem without links'

  test.each(Object.keys(kinds))('takes a %s whole, and gives it back, killed at any step', async (kind) => {
    const tree = kinds[kind]?.('old') ?? {}
    const image = (folder: string) => join(folder, 'disk.vmdk')
    const aside = (folder: string, calls: NameCalls) =>
      setAside(image(folder), { id: 'one', why: 'deleted', roots: null, names: calls })
    const deaths = await dieEverywhere(names, async (folder) => plant(folder, tree), aside, {
      async atDeath(folder) {
        if (hasLinks) expect(await isWhole(folder, tree)).toBe(true)
      },
      async atEnd(folder) {
        expect(await grown(folder)).toEqual({})
        expect(await isWhole(folder, tree)).toBe(true)
        expect(await aside(folder, names)).toMatchObject({ manifest: { id: 'one', why: 'deleted' } })
      },
    })
    expect(deaths).toBeGreaterThan(0)
    await dieEverywhere(
      names,
      async (folder) => {
        await plant(folder, tree)
        await aside(folder, names)
      },
      async (folder, calls) => restore(folder, 'one', calls),
      {
        async atDeath(folder) {
          if (hasLinks) expect(await isWhole(folder, tree)).toBe(true)
        },
        async atEnd(folder) {
          expect(await grown(folder)).toEqual(tree)
          expect(existsSync(join(folder, quarantineName))).toBe(false)
          expect(await restore(folder, 'one', names)).toEqual([])
        },
      },
    )
  })

  const changes = Object.keys(kinds).flatMap((old) =>
    Object.keys(kinds).map((fresh) => [old, fresh] as const),
  )
  test.each(changes)('puts a new image in the place: %s, then %s; and back', async (old, fresh) => {
    const before = kinds[old]?.('old') ?? {}
    const after = kinds[fresh]?.('new') ?? {}
    const tops = [...new Set(Object.keys(after).map((path) => path.split('/')[0] ?? ''))]
    const prepare = async (folder: string) => {
      await plant(folder, before)
      await plant(join(folder, '.new'), after)
    }
    const replace = (folder: string, calls: NameCalls) =>
      replaceFiles(join(folder, 'disk.vmdk'), {
        id: 'two',
        roots: null,
        names: calls,
        incoming: async () => tops.map((top) => ({ from: join(folder, '.new', top), to: join(folder, top) })),
      })
    const whole = async (folder: string) => {
      if (hasLinks) expect((await isWhole(folder, before)) || (await isWhole(folder, after))).toBe(true)
    }
    const deaths = await dieEverywhere(names, prepare, replace, {
      atDeath: whole,
      async atEnd(folder) {
        expect(await grown(folder)).toEqual(after)
        expect(await isWhole(folder, before)).toBe(true)
      },
    })
    expect(deaths).toBeGreaterThan(0)
    const back = async (folder: string, calls: NameCalls) => putBack(folder, 'two', calls)
    const isBack = async (folder: string) => {
      expect(await grown(folder)).toEqual(before)
      expect(await readEntry(folder, 'two')).toBeNull()
    }
    await dieEverywhere(
      names,
      async (folder) => {
        await prepare(folder)
        await replace(folder, names)
      },
      back,
      {
        atDeath: whole,
        async atEnd(folder) {
          await isBack(folder)
          expect(await readEntry(folder, idOfNew('two'))).toMatchObject({ manifest: { why: 'undone' } })
          expect(await isWhole(folder, after)).toBe(true)
        },
      },
    )
    // Undone after a death at any step of the replacement.
    await dieEverywhere(names, prepare, replace, {
      async atDeath(folder) {
        await putBack(folder, 'two', names)
        await isBack(folder)
        await putBack(folder, 'two', names)
        await isBack(folder)
        await prepareAgain(folder, after)
      },
      atEnd: whole,
    })
  })
})

/** What is to come in lies where it did, whatever an undo made of it. */
async function prepareAgain(folder: string, after: Tree): Promise<void> {
  await plant(join(folder, '.new'), after)
}

describe('a quarantine', () => {
  test('never gives back over another file, and tells which', async () => {
    await using place = await tempPlace()
    const tree = kinds['split']?.('old') ?? {}
    await plant(place.path, tree)
    await setAside(place.file('disk.vmdk'), { id: 'one', why: 'deleted', roots: null })
    await writeFile(place.file('disk-f002.vmdk'), 'somebody else')
    await expect(restore(place.path, 'one')).rejects.toMatchObject({
      code: 'target-exists',
      file: place.file('disk-f002.vmdk'),
    })
    expect(await grown(place.path)).toEqual({ 'disk-f002.vmdk': 'somebody else' })
    expect(await isWhole(place.path, tree)).toBe(true)
  })

  test('does not put a new image in the place of a file that came meanwhile', async () => {
    await using place = await tempPlace()
    await plant(place.path, { 'disk.vmdk': 'old', '.new': 'new' })
    const replaced = await replaceFiles(place.file('disk.vmdk'), {
      id: 'two',
      roots: null,
      incoming: async () => [{ from: place.file('.new'), to: place.file('disk.vmdk') }],
    })
    expect(replaced.manifest.files).toMatchObject([{ path: 'disk.vmdk', size: 3 }])
    await writeFile(place.file('third'), 'third')
    hostNames.renameOver(place.file('third'), place.file('disk.vmdk'))
    await expect(putBack(place.path, 'two')).rejects.toMatchObject({ code: 'target-exists' })
    expect(await readFile(place.file('disk.vmdk'), 'utf8')).toBe('third')
  })

  test('leaves parts of other folders where they are, and follows no link', async () => {
    await using place = await tempPlace()
    await plant(place.path, {
      'other/part.vmdk': 'x'.padEnd(4096),
      'lib/disk.vmdk': descriptor(['../other/part.vmdk']),
      'lib/raw.img': descriptor(['../other/part.vmdk']),
    })
    expect(await ownFiles(place.file('lib/disk.vmdk'), null)).toMatchObject({
      image: 'disk.vmdk',
      format: 'vmdk',
      files: [{ path: 'disk.vmdk' }],
      elsewhere: [place.file('other/part.vmdk')],
    })
    expect(await ownFiles(place.file('lib/raw.img'), null)).toMatchObject({ elsewhere: [] })
    await symlink(place.file('lib/disk.vmdk'), place.file('lib/link.vmdk'))
    await expect(ownFiles(place.file('lib/link.vmdk'), null)).rejects.toMatchObject({ code: 'refused' })
    await expect(ownFiles(place.file('lib/disk.vmdk'), [place.file('other')])).rejects.toMatchObject({
      code: 'outside-library',
    })
    await expect(ownFiles(place.file('lib'), null)).rejects.toMatchObject({ code: 'not-an-image' })
    await expect(ownFiles(place.file('lib/none'), null)).rejects.toMatchObject({ code: 'not-found' })
  })

  test('is not made through a link that somebody put in its place', async () => {
    await using place = await tempPlace()
    await plant(place.path, { 'lib/disk.img': 'x', 'other/x': 'x' })
    await symlink(place.file('other'), place.file(`lib/${quarantineName}`))
    const aside = setAside(place.file('lib/disk.img'), { id: 'one', why: 'deleted', roots: null })
    await expect(aside).rejects.toMatchObject({ code: 'not-writable' })
    expect(await grown(place.path)).toMatchObject({ 'lib/disk.img': 'x', 'other/x': 'x' })
  })

  test('believes no manifest that leads out of its folder', async () => {
    await using place = await tempPlace()
    await plant(place.path, { 'lib/disk.img': 'x', secret: 's' })
    const { path } = await setAside(place.file('lib/disk.img'), { id: 'one', why: 'deleted', roots: null })
    const manifest = join(path, manifestName)
    const text = await readFile(manifest, 'utf8')
    await writeFile(manifest, text.replaceAll('"disk.img"', '"../secret"'))
    await expect(restore(place.file('lib'), 'one')).rejects.toMatchObject({ code: 'corrupt' })
    const faults: string[] = []
    expect(await listEntries(place.file('lib'), (_at, { code }) => faults.push(code))).toEqual([])
    expect(faults).toEqual(['corrupt'])
  })

  test('is emptied for good when it is purged, once or twice', async () => {
    await using place = await tempPlace()
    await plant(place.path, kinds['bundle']?.('old') ?? {})
    await setAside(place.file('disk.vmdk'), { id: 'one', why: 'deleted', roots: null })
    expect(await purge(place.path, 'one')).toBe(true)
    expect(await readdir(place.path)).toEqual([])
    expect(await purge(place.path, 'one')).toBe(false)
  })

  test('keeps names with quotes, newlines and leading dashes', async () => {
    await using place = await tempPlace()
    const name = '-json:"\n\'disk.img'
    await writeFile(place.file(name), 'x')
    await setAside(place.file(name), { id: 'one', why: 'deleted', roots: null })
    expect(await readdir(place.path)).toEqual([quarantineName])
    expect(await restore(place.path, 'one')).toEqual([place.file(name)])
  })
})
