import { noUses } from '@varve/core/problems/use'
import { describe, expect, test } from 'vitest'
import { detachOperation } from '../detach/plan.ts'
import type { AttachFacts, WindowsWays } from './facts.ts'
import { attachOperation } from './plan.ts'
import { AttachRequest } from './request.ts'

const path = String.raw`D:\vm\it's [web].vhdx`
const by: WindowsWays = { by: 'hyper-v', unasked: null }
const facts: AttachFacts = {
  host: 'here',
  ways: {
    system: 'win32',
    isRoot: true,
    isOwnHost: true,
    loop: 'missing',
    nbd: 'missing',
    mapper: 'missing',
    hasUdev: false,
    tools: [],
    windows: by,
  },
  image: path,
  format: 'vhdx',
  virtualSize: 1024 ** 3,
  isPlainRaw: false,
  sectorSize: 512,
  volumes: [],
  problems: [],
  files: null,
  already: null,
}
const files: AttachFacts['files'] = {
  host: 'here',
  path,
  format: 'vhdx',
  virtualSize: 1024 ** 3,
  bytes: 1024 ** 2,
  files: [path],
  elsewhere: [],
  partOf: null,
  dependents: [],
  unseen: null,
  searched: [],
  uses: noUses,
  machines: [],
}
const on = (windows: Partial<WindowsWays>, isRoot = true) => ({
  ways: { ...facts.ways, isRoot, windows: { ...by, ...windows } },
})

function plan(change: Partial<AttachFacts> = {}, more: object = {}) {
  const request = AttachRequest.parse({ image: { path }, ...more })
  return attachOperation.plan(request, { ...facts, ...(request.isWritten && { files }), ...change })
}

describe('attach on Windows', () => {
  test('by Hyper-V, read-only', () => {
    expect(plan()).toMatchSnapshot()
  })

  test('by Storage, for writing, after a word by name', () => {
    expect(plan(on({ by: 'storage' }), { isWritten: true })).toMatchSnapshot()
  })

  test('by diskpart, where there is neither module', () => {
    const plain = String.raw`D:\vm\web 1.vhdx`
    expect(plan({ ...on({ by: 'diskpart' }), image: plain })).toMatchSnapshot()
    expect(plan({ ...on({ by: 'diskpart' }), image: plain }, { isWritten: true })).toMatchObject({
      problems: [{ id: 'no-way', remedy: expect.stringContaining('--rw') }],
    })
    expect(plan({ ...on({ by: 'diskpart' }), image: 'D:\\Größe.vhdx' })).toMatchObject({
      problems: [{ id: 'name-of-diskpart', layer: 'L1' }],
    })
  })

  test.each<[string, Partial<AttachFacts>, object, string]>([
    ['no module', on({ by: null }), {}, 'no-way'],
    ['a PowerShell that does not answer', on({ by: null, unasked: 'it hangs' }), {}, 'no-way'],
    ['no rights', on({}, false), {}, 'not-elevated'],
    ['another format', { format: 'qcow2' }, {}, 'no-way'],
    ['a choice of how it is read', {}, { image: { path, reading: { vhdSize: 'current' } } }, 'no-way'],
    ['what is attached', { already: 'PhysicalDrive1' }, {}, 'already-attached'],
  ])('refused: %s', (_name, change, more, id) => {
    const made = plan(change, more)
    expect(made).toMatchObject({ kind: 'refusal', problems: [{ id, file: path }] })
    expect(made.kind === 'refusal' && made.problems.every(({ remedy }) => remedy.length > 0)).toBe(true)
  })
})

describe('detach on Windows', () => {
  const attached = {
    attachment: path,
    image: path,
    device: String.raw`\\.\PhysicalDrive1`,
    how: 'storage',
    state: 'live',
    readOnly: true,
    throwAway: false,
    pid: null,
    size: 1024 ** 3,
    partitions: [],
    volumes: [],
    mounts: [],
    madeAt: '2026-01-01T00:00:00.000Z',
  } as const
  const known = { host: 'here', ways: facts.ways, target: path, run: null, holders: [], foreign: [] }
  const detach = (change: object = {}) =>
    detachOperation.plan(
      { target: path, isForced: false },
      { ...known, attached: { ...attached, partitions: [], volumes: [], mounts: [] }, ...change },
    )

  test('what attached it takes it away', () => {
    expect(detach()).toMatchSnapshot()
  })

  test('not what others have attached, and not under an open volume', () => {
    expect(detach({ attached: null, foreign: ['x'] })).toMatchObject({
      problems: [{ id: 'not-attached', remedy: expect.stringContaining('Dismount-DiskImage') }],
    })
    const mounts = [{ device: 'x', folder: 'E:\\' }]
    expect(detach({ attached: { ...attached, mounts } })).toMatchObject({
      problems: [{ id: 'in-use', remedy: expect.stringContaining('eject') }],
    })
    // It gives letters by itself.
    expect(detach({ attached: { ...attached, how: 'diskpart', mounts } })).toMatchObject({
      steps: [{ input: { by: 'diskpart' } }],
    })
    expect(detach(on({ by: null }))).toMatchObject({ problems: [{ id: 'no-way' }] })
  })
})
