import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { takeRunLocks } from '@varve/engine/in-use/run-locks'
import { isOver } from '@varve/operations/runs/run-state'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openTestHost } from '../testing/test-host.ts'

const stop = new AbortController().signal
const mib = 1024 * 1024

afterEach(() => vi.unstubAllEnvs())

/** A host whose `qemu-img` is that shell script; null: there is none. */
async function hostWith(script: string | null) {
  const place = await tempPlace()
  const [tools, lib] = [place.file('tools'), place.file('lib')]
  for (const folder of [tools, lib]) await mkdir(folder)
  const image = join(lib, 'disk.qcow2')
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', image, '1M'])
  await runToolOk('qemu-img', ['snapshot', '-c', 'old', image])
  if (script !== null) {
    await writeFile(join(tools, 'qemu-img'), `#!/bin/sh\n${script}\n`)
    await chmod(join(tools, 'qemu-img'), 0o755)
  }
  vi.stubEnv('PATH', tools)
  const host = openTestHost(place.path)
  return {
    image,
    lib,
    host,
    bytes: async () =>
      createHash('sha256')
        .update(await readFile(image))
        .digest('hex'),
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    },
  }
}

type Bad = Awaited<ReturnType<typeof hostWith>>

/** How it ended: the first problem of the refusal, or the error of the run. */
async function attempt({ host }: Bad, operation: string, request: unknown) {
  const plan = await host.plan(operation, request)
  if (plan.kind === 'refusal') {
    const [first] = plan.problems
    return first && { code: first.id, layer: first.layer, file: first.file, remedy: first.remedy }
  }
  const accepted = plan.warnings.map(({ id }) => id)
  const state = await host.runs.start({ plan, request, accepted }, { stop })
  expect(isOver(state)).toBe(true)
  return state.error
}

const operations = [
  ['snapshot-create', (image: string) => ({ image, name: 'new', kind: 'internal' })],
  ['snapshot-apply', (image: string) => ({ image, name: 'old' })],
  ['snapshot-delete', (image: string) => ({ image, name: 'old' })],
] as const

const tools = [
  ['is missing', null, ['tool-missing']],
  ['fails', 'echo "qemu-img: broken" >&2; exit 1', ['tool-failed']],
  ['dies', 'kill -9 $$', ['tool-failed']],
  ['exits 0 without doing it', 'exit 0', ['tool-failed', 'corrupt', 'refused']],
  ['prints what no version prints', 'head -c 100000 /dev/zero; exit 3', ['tool-failed']],
] as const

describe.skipIf(process.platform !== 'linux' || !requires('qemu-img'))('bad tools', () => {
  test.each(
    operations.flatMap(([operation, request]) =>
      tools.map(([what, script, codes]) => ({ operation, request, what, script, codes })),
    ),
  )('$operation with a tool that $what', async ({ operation, request, script, codes }) => {
    await using bad = await hostWith(script)
    const before = await bad.bytes()
    const error = await attempt(bad, operation, request(bad.image))
    expect(codes).toContain(error?.code)
    expect(error).toMatchObject({
      layer: expect.stringMatching(/^L[0-7]$/u),
      file: bad.image,
      remedy: expect.stringMatching(/\S/u),
    })
    expect(await bad.bytes()).toBe(before)
    expect(await readdir(bad.lib)).toEqual(['disk.qcow2'])
  })
})

describe('what changes between plan and run, and two runs at once', () => {
  const gone = [
    ['delete', (lib: string) => ({ image: join(lib, 'a.raw') }), 'not-found'],
    ['move', (lib: string) => ({ source: join(lib, 'a.raw'), target: join(lib, 'b.raw') }), 'source-changed'],
  ] as const
  test.each(gone)('%s of an image that is gone by then', async (operation, request, code) => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    await mkdir(place.file('lib'))
    await writeFile(place.file('lib/a.raw'), Buffer.alloc(mib))
    const asked = request(place.file('lib'))
    const plan = await host.plan(operation, asked)
    if (plan.kind === 'refusal') throw new Error('refused')
    await rm(place.file('lib/a.raw'))
    const { error } = await host.runs.start({ plan, request: asked, accepted: [] }, { stop })
    expect(error).toMatchObject({ code, layer: 'L1', file: place.file('lib/a.raw') })
    expect(await readdir(place.file('lib'))).toEqual([])
  })

  const names = ['-rf', `it's "a" disk`, 'line\nbreak.raw', 'json:{"driver":"null-co"}', '$(reboot).raw']
  test.each(names)(
    'an image called %j is locked, refused to a second run and set aside by its name',
    async (name) => {
      await using place = await tempPlace()
      await using host = openTestHost(place.path)
      await mkdir(place.file('lib'))
      const image = join(place.file('lib'), name)
      await writeFile(image, Buffer.alloc(mib))
      await symlink(image, place.file('link'))
      const request = { image }
      const plan = await host.plan('delete', request)
      if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
      const first = { id: 'first', name: '3', operation: 'Repair it', of: 'fleet', proof: image } as const
      await takeRunLocks([place.file('link')], first)
      const start = async () => host.runs.start({ plan, request, accepted: [] }, { stop })
      await expect(start()).rejects.toMatchObject({
        code: 'run-busy',
        layer: 'L1',
        file: image,
        details: { run: '3' },
      })
      expect(await host.plan('delete', request)).toMatchObject({ problems: [{ id: 'run-busy' }] })
      await rm(join(place.file('lib'), `.${name}.varve.lock`))
      expect((await start()).phase).toBe('succeeded')
    },
  )
})

describe.skipIf(!requires('qemu-img'))('a parent that is not to be read', () => {
  const operations = [
    [
      'create',
      (lib: string, path: string) => ({ target: join(lib, 'new.qcow2'), format: 'qcow2', parent: { path } }),
    ],
    ['chain-rebase', (lib: string, parent: string) => ({ image: join(lib, 'top.qcow2'), parent })],
    ['chain-repoint', (lib: string, parent: string) => ({ image: join(lib, 'top.qcow2'), parent })],
  ] as const
  const places = ['out of the library', 'a symlink out of the library'] as const
  test.each(
    operations.flatMap(([operation, request]) => places.map((where) => ({ operation, request, where }))),
  )('$operation: $where', async ({ operation, request, where }) => {
    await using place = await tempPlace()
    const lib = place.file('lib')
    await mkdir(lib)
    await using host = openTestHost(place.path, { roots: [lib] })
    const [outside, link] = [place.file('secret.qcow2'), join(lib, 'link.qcow2')]
    const make = async (...args: readonly string[]) =>
      runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...args])
    await make(outside, '1M')
    await make(join(lib, 'base.qcow2'), '1M')
    await make('-b', 'base.qcow2', '-F', 'qcow2', join(lib, 'top.qcow2'))
    await symlink(outside, link)
    const names = await readdir(lib)
    const before = await readFile(join(lib, 'top.qcow2'))
    const planned = host.plan(operation, request(lib, where === 'out of the library' ? outside : link))
    const found = await planned.then(
      (plan) => (plan.kind === 'refusal' ? { ...plan.problems[0], code: plan.problems[0]?.id } : plan),
      (error: unknown) => error,
    )
    expect(found).toMatchObject({
      code: 'outside-library',
      layer: 'L1',
      file: expect.stringContaining('.qcow2'),
      remedy: expect.stringMatching(/\S/u),
    })
    expect(await readdir(lib)).toEqual(names)
    expect(await readFile(join(lib, 'top.qcow2'))).toEqual(before)
  })
})

const mayMount = process.platform === 'linux' && process.getuid?.() === 0 && requires('mount', 'umount')

describe.skipIf(!mayMount)('a disk that fills up', () => {
  const operations = [
    [
      'convert',
      (source: string, target: string) => ({
        sources: [{ path: source, format: 'raw' }],
        target,
        format: 'raw',
        reflink: false,
      }),
    ],
    ['clone', (source: string, target: string) => ({ source: { path: source, format: 'raw' }, target })],
    ['move', (source: string, target: string) => ({ source, target })],
  ] as const
  test.each(operations)('%s: the original stays, and nothing half made', async (operation, request) => {
    await using place = await tempPlace()
    const [small, source] = [place.file('small'), place.file('a.raw')]
    await mkdir(small)
    await runToolOk('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small])
    try {
      const bytes = randomBytes(2 * mib)
      await writeFile(source, bytes)
      await using host = openTestHost(place.path)
      const asked = request(source, join(small, 'b.raw'))
      const plan = await host.plan(operation, asked)
      const error =
        plan.kind === 'refusal'
          ? { ...plan.problems[0], code: plan.problems[0]?.id }
          : (await host.runs.start({ plan, request: asked, accepted: [] }, { stop })).error
      expect(error).toMatchObject({
        code: 'no-space',
        layer: 'L1',
        file: join(small, 'b.raw'),
        remedy: expect.stringMatching(/\S/u),
      })
      expect(await readdir(small)).toEqual([])
      expect((await readFile(source)).equals(bytes)).toBe(true)
    } finally {
      await runToolOk('umount', [small])
    }
  })
})
