import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HypervisorTools } from '../testing/hypervisor-tools.ts'
import { openTestHost, type TestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const stop = new AbortController().signal
const MiB = 1024 ** 2

function disk(): Buffer {
  const bytes = Buffer.alloc(5 * MiB)
  bytes.fill('x', MiB, MiB + 70_000)
  bytes.fill('y', 4 * MiB + 512, 4 * MiB + 4096)
  return bytes
}

const input = (path: string, format: 'raw' | 'qcow2' | 'vmdk' | 'vdi') =>
  ({ kind: 'image', path, roots: null, format }) as const
const digestOf = async (path: string, format: Parameters<typeof input>[1]) =>
  (await digestDisk(input(path, format), { inUse: 'accept' })).digest

let place: TempPlace
let host: TestHost
let tools: HypervisorTools

const at = (name: string) => place.file(name)
const images = async () =>
  (await readdir(place.path)).filter((name) => /^b[.-]|\.part$/u.test(name)).toSorted()

async function planOf(change: object, source: object = { path: at('a.raw'), format: 'raw' }) {
  const request = { sources: [source], ...change }
  return { plan: await host.plan('convert', request), request }
}

async function run(...asked: Parameters<typeof planOf>) {
  const { plan, request } = await planOf(...asked)
  if (plan.kind === 'refusal') throw new Error(JSON.stringify(plan.problems))
  return await host.runs.start({ plan, request, accepted: [] }, { stop })
}

async function reasons(...asked: Parameters<typeof planOf>): Promise<string[]> {
  const { plan } = await planOf(...asked)
  return plan.kind === 'refusal' ? plan.problems.map(({ id, message }) => `${id}: ${message}`) : ['none']
}

beforeEach(async () => {
  place = await tempPlace()
  tools = await HypervisorTools.plant(place.path)
  host = openTestHost(place.path, { toolFolders: [tools.folder] })
  await writeFile(at('a.raw'), disk())
})
afterEach(async () => {
  await host[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

describe.skipIf(!requires('qemu-img'))('qemu-img writes', () => {
  test.each([
    ['raw', null, []],
    ['qcow2', null, []],
    ['parallels', null, []],
    ['vdi', 'dynamic', []],
    ['vdi', 'fixed', []],
    ['vhd', 'dynamic', []],
    ['vhd', 'fixed', []],
    ['vhdx', 'dynamic', []],
    ['vhdx', 'fixed', []],
    ['vmdk', 'monolithicSparse', []],
    ['vmdk', 'streamOptimized', []],
    ['vmdk', 'monolithicFlat', ['b-flat.vmdk']],
    ['vmdk', 'twoGbMaxExtentSparse', ['b-s001.vmdk']],
    ['vmdk', 'twoGbMaxExtentFlat', ['b-f001.vmdk']],
  ])('%s %s, and it is proven, named and taken back', async (format, subformat, parts) => {
    const state = await run({ target: at(`b.${format}`), format, subformat, by: 'qemu-img' })
    expect(state.error).toBeNull()
    expect(state.phase).toBe('succeeded')
    expect(await images()).toEqual([...parts, `b.${format}`].toSorted())
    const found = await digestOf(at(`b.${format}`), format as 'raw')
    expect(found).toBe(await digestOf(at('a.raw'), 'raw'))
    const undone = await host.runs.undo(state.id, { stop })
    expect(undone).toMatchObject({ phase: 'undone', undoFailures: [] })
    expect(await images()).toEqual([])
  })

  test(
    'is killed at entries of its journal: the image is there whole and proven, or not at all',
    { timeout: 600_000 },
    async () => {
      const walked = await walkKills({
        operation: 'convert',
        oneOf: 3,
        async prepare(folder) {
          await writeFile(join(folder, 'a.raw'), disk())
          const source = { path: join(folder, 'a.raw'), format: 'raw' }
          return { sources: [source], target: join(folder, 'b.vmdk'), format: 'vmdk', by: 'qemu-img' }
        },
        async atAnyTime(folder) {
          if ((await readdir(folder)).includes('b.vmdk'))
            expect(await digestOf(join(folder, 'b.vmdk'), 'vmdk')).toBe(
              await digestOf(join(folder, 'a.raw'), 'raw'),
            )
        },
        async whenDone(folder) {
          expect((await readdir(folder)).filter((name) => /^b|\.part$/u.test(name))).toEqual(['b.vmdk'])
        },
        async whenUndone(folder) {
          expect((await readdir(folder)).filter((name) => /^b|\.part$/u.test(name))).toEqual([])
        },
      })
      expect(walked.resumed).toBeGreaterThan(0)
      expect(walked.undone).toBeGreaterThan(0)
    },
  )
})

describe('VirtualBox writes', () => {
  const make = async (name: string, format: string, more: object = {}) =>
    await run({ target: at(name), format, ...more })
  const shown = { by: 'vboxmanage' } as const

  test('a disk that is raw, which is no medium', async () => {
    const state = await make('b.vdi', 'vdi', { ...shown, subformat: 'fixed' })
    expect(state.phase).toBe('succeeded')
    expect(await digestOf(at('b.vdi'), 'vdi')).toBe(await digestOf(at('a.raw'), 'raw'))
    expect((await inspectInput(input(at('b.vdi'), 'vdi'))).subformat).toBe('fixed')
  })

  test('a medium, and forgets what it did not know before', async () => {
    await make('a.vdi', 'vdi')
    const other = { uuid: '37ef6965-0000-4159-861a-d1c64d9c060f', location: '/vms/other.vdi' }
    await tools.set({ media: [other] })
    const source = { path: at('a.vdi'), format: 'vdi' }
    const state = await run({ target: at('b.vmdk'), format: 'vmdk', ...shown }, source)
    expect(state.error).toBeNull()
    expect(state.steps.map(({ step }) => step.action)).toEqual([
      'digest-image',
      'write-by-tool',
      'forget-media',
      'prove-image',
      'publish-image',
    ])
    expect(await digestOf(at('b.vmdk'), 'vmdk')).toBe(await digestOf(at('a.raw'), 'raw'))
    expect((await tools.state()).media).toEqual([other])
    expect(await images()).toEqual(['b.vmdk'])
  })

  test('a medium that it knew stays known', async () => {
    await make('a.vdi', 'vdi')
    await tools.set({ media: [{ uuid: '37ef6965-0000-4159-861a-d1c64d9c060f', location: at('a.vdi') }] })
    await run({ target: at('b.vmdk'), format: 'vmdk', ...shown }, { path: at('a.vdi'), format: 'vdi' })
    expect((await tools.state()).media.map(({ location }) => location)).toEqual([at('a.vdi')])
  })

  test('and does not forget the hidden image, which it said that it did: nothing gets a name', async () => {
    await make('a.vdi', 'vdi')
    await tools.set({ keepsMedia: true })
    const source = { path: at('a.vdi'), format: 'vdi' }
    const state = await run({ target: at('b.vmdk'), format: 'vmdk', ...shown }, source)
    expect(state).toMatchObject({
      phase: 'failed',
      error: { code: 'tool-failed', details: { tool: 'VBoxManage' } },
    })
    expect(await images()).toEqual([])
  })

  test.each([
    ['nothing', 'tool-failed'],
    ['half', null],
    ['other-disk', 'digest-mismatch'],
    ['other-kind', 'tool-failed'],
    ['fails', 'tool-failed'],
  ] as const)('%s: no image, and no medium is left', async (lie, code) => {
    await make('a.vdi', 'vdi')
    await tools.set({ lie })
    const source = { path: at('a.vdi'), format: 'vdi' }
    const target = { target: at('b.vhd'), format: 'vhd', ...shown }
    const state = await run(target, source)
    expect(state).toMatchObject({ phase: 'failed', undoFailures: [] })
    if (code !== null) expect(state.error?.code).toBe(code)
    expect(await images()).toEqual([])
    expect((await tools.state()).media.filter(({ location }) => location.includes('.part'))).toEqual([])
  })

  test('and is canceled: what it began is gone', async () => {
    await tools.set({ lie: 'hangs' })
    const { plan, request } = await planOf({ target: at('b.vdi'), format: 'vdi', ...shown })
    if (plan.kind === 'refusal') throw new Error('refused')
    const cancel = new AbortController()
    setTimeout(() => cancel.abort(), 1500)
    const state = await host.runs.start({ plan, request, accepted: [] }, { stop, cancel: cancel.signal })
    expect(state.phase).toBe('canceled')
    expect(await images()).toEqual([])
  })
})

describe('vmware-vdiskmanager writes', () => {
  const by = 'vmware-vdiskmanager'
  const source = () => ({ path: at('a.vmdk'), format: 'vmdk' })

  test.each([
    ['monolithicSparse', ['b.vmdk']],
    ['twoGbMaxExtentSparse', ['b-s001.vmdk', 'b.vmdk']],
    ['monolithicFlat', ['b-flat.vmdk', 'b.vmdk']],
    ['twoGbMaxExtentFlat', ['b-f001.vmdk', 'b.vmdk']],
    ['streamOptimized', ['b.vmdk']],
  ])('%s', async (subformat, files) => {
    await run({ target: at('a.vmdk'), format: 'vmdk' })
    const state = await run({ target: at('b.vmdk'), format: 'vmdk', subformat, by }, source())
    expect(state.error).toBeNull()
    expect(await images()).toEqual(files)
    expect(await digestOf(at('b.vmdk'), 'vmdk')).toBe(await digestOf(at('a.raw'), 'raw'))
  })

  test.each(['nothing', 'half', 'other-disk', 'other-kind', 'fails'] as const)(
    '%s: no image',
    async (lie) => {
      await run({ target: at('a.vmdk'), format: 'vmdk' })
      await tools.set({ lie })
      const state = await run({ target: at('b.vmdk'), format: 'vmdk', by }, source())
      expect(state).toMatchObject({ phase: 'failed', undoFailures: [] })
      expect(await images()).toEqual([])
    },
  )
})

describe.skipIf(!requires('qemu-img'))('what a tool would drop or cannot do is refused', () => {
  test.each([
    ['another format', { format: 'ova', target: 'b.ova' }, /does not write ova/u],
    ['compression', { format: 'qcow2', target: 'b.qcow2', compression: 'zlib' }, /not compressed/u],
    ['choices', { format: 'qcow2', target: 'b.qcow2', options: { extended_l2: 'on' } }, /no choices/u],
    ['no proof', { format: 'qcow2', target: 'b.qcow2', verify: false }, /only when it is proven/u],
  ])('%s', async (_what, change, reason) => {
    const target = at(change.target)
    expect(await reasons({ ...change, target, by: 'qemu-img' })).toEqual([expect.stringMatching(reason)])
  })

  test('an overlay, and an encrypted image', async () => {
    await run({ target: at('base.qcow2'), format: 'qcow2' })
    await runToolOk('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-b',
      at('base.qcow2'),
      '-F',
      'qcow2',
      at('over.qcow2'),
    ])
    const luks = ['--object', 'secret,id=s,data=abc', '-o', 'encrypt.format=luks,encrypt.key-secret=s']
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...luks, at('luks.qcow2'), '4M'])
    const change = { target: at('b.vmdk'), format: 'vmdk', by: 'qemu-img' }
    expect(await reasons(change, { path: at('over.qcow2') })).toEqual([
      expect.stringMatching(/does not find its parents/u),
    ])
    expect(await reasons(change, { path: at('luks.qcow2') })).toEqual([expect.stringMatching(/^encrypted/u)])
  })

  test('what it does not read, a name that it would misread, and a tool that is not there', async () => {
    const vmware = { format: 'vmdk', by: 'vmware-vdiskmanager' }
    expect(await reasons({ ...vmware, target: at('b.vmdk') })).toEqual([
      expect.stringMatching(/does not read raw/u),
    ])
    await run({ target: at('a.vmdk'), format: 'vmdk' })
    expect(await reasons({ ...vmware, target: at('b.disk') }, { path: at('a.vmdk') })).toEqual([
      expect.stringMatching(/ending of the name/u),
    ])
    expect(await reasons({ target: at('b.vhdx'), format: 'vhdx', by: 'hyper-v' })).toEqual([
      expect.stringMatching(/^tool-missing/u),
      expect.stringMatching(/does not read raw/u),
    ])
  })
})
