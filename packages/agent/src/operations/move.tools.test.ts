import { existsSync, statSync } from 'node:fs'
import { cp, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { openChain } from '@varve/core/chain/open-chain'
import { checkFile } from '@varve/engine/images/check-file'
import { nodePorts } from '@varve/engine/ports/ports'
import { findEntries } from '@varve/engine/quarantine/index-of-entries'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { openTestHost, type TestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal
/** Another filesystem than that of temporary files; null: this host has none. */
const otherFilesystem =
  process.platform === 'linux' && existsSync('/dev/shm') && statSync('/dev/shm').dev !== statSync('/tmp').dev
    ? '/dev/shm'
    : null

async function run(host: TestHost, request: unknown) {
  const plan = await host.plan('move', request)
  if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
  const accepted = plan.warnings.map(({ id }) => id)
  return { plan, state: await host.runs.start({ plan, request, accepted }, { stop }) }
}

/** A base, an image over it that names it from its folder, and one over that. */
async function plant(folder: string): Promise<void> {
  await mkdir(join(folder, 'lib'), { recursive: true })
  await mkdir(join(folder, 'new'), { recursive: true })
  const at = (name: string) => join(folder, 'lib', name)
  await writeFile(at('a.raw'), Buffer.alloc(256 * 1024, 'a'))
  await runToolOk('qemu-img', ['convert', '-O', 'qcow2', at('a.raw'), at('base.qcow2')])
  await rm(at('a.raw'))
  const create = ['create', '-q', '-f', 'qcow2', '-F', 'qcow2']
  await runToolOk('qemu-img', [...create, '-b', 'base.qcow2', at('middle.qcow2')])
  await runToolOk('qemu-io', ['-c', 'write -P 0x62 64k 64k', at('middle.qcow2')])
  await runToolOk('qemu-img', [...create, '-b', 'middle.qcow2', at('top.qcow2')])
  await runToolOk('qemu-io', ['-c', 'write -P 0x63 128k 64k', at('top.qcow2')])
}

/** The first bytes of each 64 KiB of what the guest of an image sees. */
async function seen(path: string): Promise<string> {
  await using chain = await openChain(path, nodePorts({ roots: null }))
  let text = ''
  for (let at = 0; at < 256 * 1024; at += 64 * 1024) {
    const bytes = new Uint8Array(1)
    await chain.disk.readInto(bytes, at)
    text += String.fromCharCode(bytes[0] ?? 0)
  }
  return text
}

const visible = async (folder: string) =>
  (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()

describe.skipIf(!requires('qemu-img') || !requires('qemu-io'))('move', () => {
  test('images made over it are found in the folders that are named, which lie in the library', async () => {
    await using place = await tempPlace()
    await plant(place.path)
    const [source, target] = [place.file('lib/base.qcow2'), place.file('lib/first.qcow2')]
    await mkdir(place.file('vms'))
    const child = place.file('vms/web.qcow2')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', source, child])
    await using host = openTestHost(place.path)
    const rewritten = async (folders: readonly string[]) => {
      const plan = await host.plan('move', { source, target, folders })
      if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
      return plan.warnings.find(({ id }) => id === 'children-rewritten')?.details?.['children']
    }
    expect(await rewritten([])).toEqual([place.file('lib/middle.qcow2')])
    expect(await rewritten([place.file('vms')])).toEqual([place.file('lib/middle.qcow2'), child])
    await using inside = openTestHost(place.path, { roots: [place.file('lib')] })
    await expect(inside.plan('move', { source, target, folders: [place.file('vms')] })).rejects.toMatchObject(
      { code: 'outside-library' },
    )
  })

  test('an image goes to another folder; its parent and its child are found from there, and back', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await plant(place.path)
    const [source, target] = [place.file('lib/middle.qcow2'), place.file('new/moved.qcow2')]
    const { plan, state } = await run(host, { source, target })
    expect(plan.steps.map(({ id }) => id)).toEqual(['move', 'repoint-own', 'repoint-1'])
    expect(state.phase).toBe('succeeded')
    expect(await visible(place.file('lib'))).toEqual(['base.qcow2', 'top.qcow2'])
    expect(await seen(target)).toBe('abaa')
    expect(await seen(place.file('lib/top.qcow2'))).toBe('abca')
    expect(JSON.parse(await runToolOk('qemu-img', ['info', '--output=json', '-U', target]))).toMatchObject({
      'full-backing-filename': expect.stringMatching(/lib\/base\.qcow2$/u),
    })
    expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
    expect(await visible(place.file('lib'))).toEqual(['base.qcow2', 'middle.qcow2', 'top.qcow2'])
    expect(await visible(place.file('new'))).toEqual([])
    expect(await seen(place.file('lib/top.qcow2'))).toBe('abca')
  })

  test('a folder as target means the same name in it; a name that is taken is refused', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await plant(place.path)
    const source = place.file('lib/top.qcow2')
    const { state } = await run(host, { source, target: place.file('new') })
    expect(state.phase).toBe('succeeded')
    expect(await seen(place.file('new/top.qcow2'))).toBe('abca')
    await writeFile(source, 'another')
    expect(await host.plan('move', { source, target: place.file('new/top.qcow2') })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'target-exists' }],
    })
    await expect(host.plan('move', { source, target: place.file('none/top.qcow2') })).rejects.toMatchObject({
      code: 'folder-missing',
    })
  })

  test.each(['monolithicFlat', 'twoGbMaxExtentSparse', 'twoGbMaxExtentFlat'])(
    'a VMDK of the kind %s is renamed in its folder, and back; its parts stay',
    async (subformat) => {
      await using place = await tempPlace()
      await using host = openTestHost(place.path)
      await mkdir(place.file('lib'))
      await writeFile(place.file('a.raw'), Buffer.alloc(256 * 1024, 'a'))
      const [source, target] = [place.file('lib/a.vmdk'), place.file('lib/b.vmdk')]
      const option = ['-O', 'vmdk', '-o', `subformat=${subformat}`]
      await runToolOk('qemu-img', ['convert', ...option, place.file('a.raw'), source])
      const before = await visible(place.file('lib'))
      expect(before.length).toBeGreaterThan(1)
      const { state } = await run(host, { source, target })
      expect(state.phase).toBe('succeeded')
      expect(await seen(target)).toBe('aaaa')
      expect(await visible(place.file('lib'))).toEqual(
        before.map((name) => (name === 'a.vmdk' ? 'b.vmdk' : name)).sort(),
      )
      expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
      expect(await visible(place.file('lib'))).toEqual(before)
      expect(await seen(source)).toBe('aaaa')
    },
  )

  test('a new name that a child, or the image in another folder, cannot write down is refused in the plan', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    for (const folder of ['lib', 'new', 'qu"otes']) await mkdir(place.file(folder))
    const create = ['create', '-q', '-f', 'vmdk']
    const at = (name: string) => place.file(`lib/${name}`)
    await runToolOk('qemu-img', [...create, 'base.vmdk', '1M'], { cwd: place.file('lib') })
    const over = [...create, '-F', 'vmdk', '-b', 'base.vmdk', 'child.vmdk']
    await runToolOk('qemu-img', over, { cwd: place.file('lib') })
    const refusal = (file: string) => ({
      kind: 'refusal',
      problems: [
        {
          id: 'parent-not-nameable',
          severity: 'block',
          file,
          message: expect.stringContaining('its name has quotes'),
          remedy: 'Choose another name or folder.',
        },
      ],
    })
    const [base, child] = [at('base.vmdk'), at('child.vmdk')]
    for (const target of [at('ba"se.vmdk'), place.file('qu"otes/base.vmdk')])
      expect(await host.plan('move', { source: base, target })).toMatchObject(refusal(child))
    await rename(place.file('lib'), place.file('l"ib'))
    const [there, moved] = [place.file('l"ib/child.vmdk'), place.file('new/child.vmdk')]
    expect(await host.plan('move', { source: there, target: moved })).toMatchObject(refusal(there))
    const { state } = await run(host, {
      source: place.file('l"ib/base.vmdk'),
      target: place.file('l"ib/b.vmdk'),
    })
    expect(state.phase).toBe('succeeded')
  })

  test('a file that another one replaced after the plan is not moved', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await plant(place.path)
    const request = { source: place.file('lib/top.qcow2'), target: place.file('new/top.qcow2') }
    const plan = await host.plan('move', request)
    if (plan.kind === 'refusal') throw new Error('it was refused')
    await writeFile(place.file('lib/other'), 'other')
    await rename(place.file('lib/other'), request.source)
    const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
    expect(state).toMatchObject({ phase: 'failed', error: { code: 'source-changed' } })
    expect(await visible(place.file('new'))).toEqual([])
  })

  test.skipIf(otherFilesystem === null)(
    'across filesystems it is copied, proven, and set aside',
    async () => {
      await using place = await tempPlace()
      await using other = await tempPlace(otherFilesystem ?? undefined)
      await using host = openTestHost(place.path)
      await plant(place.path)
      const [source, target] = [place.file('lib/middle.qcow2'), other.file('moved.qcow2')]
      const bytes = await readFile(source)
      const { plan, state } = await run(host, { source, target })
      expect(plan.steps.map(({ id }) => id)).toEqual([
        'copy',
        'publish',
        'repoint-own',
        'repoint-1',
        'set-aside',
      ])
      expect(state.phase).toBe('succeeded')
      expect(await seen(target)).toBe('abaa')
      expect(await seen(place.file('lib/top.qcow2'))).toBe('abca')
      expect(await visible(other.path)).toEqual(['moved.qcow2'])
      const { entries } = await findEntries(host.ports.stateFolder, [])
      expect(entries).toMatchObject([{ manifest: { why: 'moved', image: 'middle.qcow2' } }])
      expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
      expect((await readFile(source)).equals(bytes)).toBe(true)
      expect(await seen(place.file('lib/top.qcow2'))).toBe('abca')
      expect(await readdir(other.path)).toEqual([])
    },
  )

  test.skipIf(otherFilesystem === null)('a sparse bundle is copied whole, holes as holes', async () => {
    await using place = await tempPlace()
    await using other = await tempPlace(otherFilesystem ?? undefined)
    await using host = openTestHost(place.path)
    const source = place.file('big.raw')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'raw', source, '1G'])
    await runToolOk('qemu-io', ['-f', 'raw', '-c', 'write -P 7 512M 64k', source])
    const { state } = await run(host, { source, target: other.file('big.raw') })
    expect(state.phase).toBe('succeeded')
    const { size, blocks } = await stat(other.file('big.raw'))
    expect(size).toBe(1024 ** 3)
    expect(blocks * 512).toBeLessThan(1024 ** 2)
  })
})

describe.skipIf(!requires('qemu-img') || !requires('qemu-io'))('move, killed at each entry', () => {
  const middle = (folder: string) => [join(folder, 'lib', 'middle.qcow2'), join(folder, 'new', 'moved.qcow2')]
  const isMoved = async (folder: string) => {
    expect(await visible(join(folder, 'new'))).toEqual(['moved.qcow2'])
    expect(await visible(join(folder, 'lib'))).toEqual(['base.qcow2', 'top.qcow2'])
    expect(await seen(join(folder, 'lib', 'top.qcow2'))).toBe('abca')
  }
  const isAsItWas = async (folder: string) => {
    expect(await visible(join(folder, 'lib'))).toEqual(['base.qcow2', 'middle.qcow2', 'top.qcow2'])
    expect(await visible(join(folder, 'new'))).toEqual([])
    expect(await seen(join(folder, 'lib', 'top.qcow2'))).toBe('abca')
  }

  test('it goes on, or all is as it was', { timeout: 900_000 }, async () => {
    await using template = await tempPlace()
    await plant(template.path)
    const walked = await walkKills({
      operation: 'move',
      async prepare(folder) {
        await cp(template.path, folder, { recursive: true })
        const [source, target] = middle(folder)
        return { source, target }
      },
      accepted: ['children-rewritten'],
      async atAnyTime(folder) {
        const there = middle(folder).filter((path) => existsSync(path))
        expect(there).toHaveLength(1)
        const { report } = await checkFile(there[0] ?? '', { roots: null, inUse: 'accept' })
        expect(
          report.findings.filter(({ kind, id }) => kind === 'corruption' && id !== 'parent-missing'),
        ).toEqual([])
      },
      whenDone: isMoved,
      whenUndone: isAsItWas,
    })
    expect(walked.resumed).toBeGreaterThan(6)
    expect(walked.undone).toBeGreaterThan(6)
  })

  test.skipIf(otherFilesystem === null)('across filesystems too', { timeout: 900_000 }, async () => {
    await using other = await tempPlace(otherFilesystem ?? undefined)
    const targetOf = (folder: string) => join(other.path, folder.replaceAll('/', '_'), 'disk.raw')
    const source = (folder: string) => join(folder, 'lib', 'disk.raw')
    const content = Buffer.alloc(256 * 1024, 'abc')
    const walked = await walkKills({
      operation: 'move',
      async prepare(folder) {
        await mkdir(join(folder, 'lib'))
        await writeFile(source(folder), content)
        await mkdir(dirname(targetOf(folder)))
        return { source: source(folder), target: targetOf(folder) }
      },
      async atAnyTime(folder) {
        const there = [source(folder), targetOf(folder)].filter((path) => existsSync(path))
        for (const path of there) expect((await readFile(path)).equals(content)).toBe(true)
        expect(there.length).toBeGreaterThan(0)
      },
      async whenDone(folder) {
        expect((await readFile(targetOf(folder))).equals(content)).toBe(true)
        expect(existsSync(source(folder))).toBe(false)
      },
      async whenUndone(folder) {
        expect((await readFile(source(folder))).equals(content)).toBe(true)
        expect(await readdir(dirname(targetOf(folder)))).toEqual([])
      },
    })
    expect(walked.resumed).toBeGreaterThan(6)
    expect(walked.undone).toBeGreaterThan(6)
  })
})
