import { stat, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type {
  DistributionsNow,
  MachinesNow,
  WindowsDisksNow,
  WindowsHost,
} from '@varve/agent/platform/windows-host'
import { DistributionState } from '@varve/protocol/distributions'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { usersIn, type OpenFiles } from '@varve/engine/in-use/windows-open-files'
import { findOpenAndAttached } from './find-writers.ts'
import { distributionOf } from './testing/distribution-of.ts'
import { nobodyElse } from './testing/nobody-else.ts'

const findAttached = (windows: WindowsHost) => findOpenAndAttached(windows, nobodyElse)

const none: WindowsDisksNow = { by: 'storage', mayAttach: true, disks: [], gone: [] }

function windowsWith({
  disks = none,
  told = 'told',
  machines = [],
  distributions = [],
  hidden = [],
}: Partial<MachinesNow & DistributionsNow> & { readonly disks?: WindowsDisksNow }): WindowsHost {
  return {
    disks: async () => disks,
    machines: async () => ({ told, machines }),
    distributions: async () => ({ distributions, hidden, seenBelow: [] }),
    wslVersion: async () => null,
    copyAccess: async () => {},
  }
}

const disk = { device: 'd', size: 1, readOnly: false, isOffline: false, partitions: [] }
const drive = { controller: 'SCSI', number: 0, location: 0 }
const id = '6f9619ff-8b86-d011-b42d-00cf4fc964ff'
const off = { kind: null, isAutomatic: false, isMerging: false, current: null, all: [] }

test('a disk of a machine that runs, one that Windows has mounted, and what checkpoints stand on are in use', async () => {
  await using place = await tempPlace()
  const paths = ['run', 'mounted', 'free', 'base', 'active'].map((name) => place.file(`${name}.vhdx`))
  const [running = '', mounted = '', free = '', base = '', active = ''] = paths
  for (const path of paths) await writeFile(path, '')
  const machine = { id, generation: 2, checkpoints: off }
  const checkpoint = {
    id,
    name: 'c',
    type: 'Standard',
    isAutomatic: false,
    parent: null,
    madeAt: '',
    files: [base],
  }
  const windows = windowsWith({
    disks: { ...none, disks: [{ image: mounted, disk, mounts: [], note: null }] },
    machines: [
      {
        ...machine,
        name: 'web\'s "1"',
        state: 'Running',
        drives: [
          { ...drive, path: running },
          { ...drive, path: place.file('gone') },
        ],
      },
      { ...machine, name: 'old', state: 'Off', drives: [{ ...drive, path: free }] },
      {
        ...machine,
        name: 'kept',
        state: 'Off',
        drives: [{ ...drive, path: active }],
        checkpoints: { ...off, all: [checkpoint] },
      },
    ],
  })
  const of = async (found: Awaited<ReturnType<ReturnType<typeof findAttached>>>, path: string) =>
    found.of(await stat(path, { bigint: true }))
  const reading = await findAttached(windows)()
  expect(await of(reading, running)).toEqual([{ by: 'attached', machine: 'web\'s "1"' }])
  expect(await of(reading, mounted)).toEqual([{ by: 'attached', machine: null }])
  for (const path of [free, base, active]) expect(await of(reading, path)).toEqual([])
  expect(reading.unseen).toEqual([{ what: 'not-told', system: 'Windows' }])
  for (const options of [{ locks: 'all' }, { descriptors: 'all' }] as const) {
    const changing = await findAttached(windows)(options)
    expect(await of(changing, free)).toEqual([])
    for (const path of [base, active])
      expect(await of(changing, path)).toEqual([{ by: 'checkpoints', machine: 'kept' }])
  }
})

test('a disk of a machine of another node is read, and never changed here', async () => {
  await using place = await tempPlace()
  const image = place.file('a.vhdx')
  await writeFile(image, '')
  const own = { id, generation: 2, checkpoints: off, name: 'far', state: 'Off', node: 'node-2' }
  const windows = windowsWith({ machines: [{ ...own, drives: [{ ...drive, path: image }] }] })
  const of = async (options = {}) =>
    (await findAttached(windows)(options)).of(await stat(image, { bigint: true }))
  expect(await of()).toEqual([])
  expect(await of({ locks: 'all' })).toEqual([{ by: 'attached', machine: 'far on node-2' }])
})

test('a disk that is attached read-only stands in the way of who changes it alone', async () => {
  await using place = await tempPlace()
  const image = place.file('a.vhdx')
  await writeFile(image, '')
  const disks = { ...none, disks: [{ image, disk: { ...disk, readOnly: true }, mounts: [], note: null }] }
  const of = async (options = {}) =>
    (await findAttached(windowsWith({ disks }))(options)).of(await stat(image, { bigint: true }))
  expect(await of()).toEqual([])
  expect(await of({ locks: 'all' })).toEqual([{ by: 'attached', machine: null }])
})

test('what the host does not show is said, an empty list is not believed', async () => {
  const found = await findAttached(windowsWith({ disks: { ...none, by: null }, told: 'no-rights' }))()
  expect(found.unseen.map((one) => 'system' in one && one.system)).toEqual([
    'Hyper-V',
    'the Storage module',
    'Windows',
  ])
  expect((await findAttached(windowsWith({ told: 'no-module' }))()).unseen).toHaveLength(1)
})

test('a script that fails is said to have told nothing', async () => {
  const failing = { ...windowsWith({}), machines: async () => Promise.reject(new Error('gone')) }
  expect((await findAttached(failing)()).unseen).toContainEqual({ what: 'tool-failed', tool: 'powershell' })
})

test('the disk of a distribution that runs is in use, for who reads as for who changes', async () => {
  await using place = await tempPlace()
  const paths = ['running', 'stopped', 'unknown', 'installing'].map((name) => place.file(`${name}.vhdx`))
  for (const path of paths) await writeFile(path, '')
  const distributions = paths.map((path) =>
    distributionOf(path, { name: "Übuntu's", state: DistributionState.parse(basename(path, '.vhdx')) }),
  )
  for (const options of [{}, { locks: 'all', descriptors: 'all' }] as const) {
    const found = await findAttached(windowsWith({ distributions }))(options)
    const uses = paths.map(async (path) => found.of(await stat(path, { bigint: true })))
    const use = { by: 'distribution', name: "Übuntu's" }
    expect(await Promise.all(uses)).toEqual([[use], [], [], [use]])
    expect(found.unseen).toContainEqual({ what: 'not-told', system: 'WSL of other users' })
  }
})

test('what WSL hides or does not tell is said, and keeps nobody from what Hyper-V tells', async () => {
  await using place = await tempPlace()
  const image = place.file('a.vhdx')
  await writeFile(image, '')
  const windows = windowsWith({
    hidden: ['bernd'],
    disks: { ...none, disks: [{ image, disk, mounts: [], note: null }] },
  })
  expect((await findAttached(windows)()).unseen).toContainEqual({
    what: 'not-told',
    system: 'WSL of other users',
  })
  const failing = { ...windows, distributions: async () => Promise.reject(new Error('gone')) }
  const found = await findAttached(failing)()
  expect(found.unseen).toContainEqual({ what: 'tool-failed', tool: 'wsl' })
  expect(found.of(await stat(image, { bigint: true }))).toEqual([{ by: 'attached', machine: null }])
})

test('who has a file open is named, by what he does as far as Windows tells it', async () => {
  await using place = await tempPlace()
  const [written, read, free] = ['a.vhdx', 'b.vhdx', 'c.vhdx'].map((name) => place.file(name))
  for (const path of [written, read, free]) await writeFile(path ?? '', '')
  const files: OpenFiles = {
    isWritten: (path) => path === written,
    usersOf: (path) =>
      path === free
        ? []
        : [
            { pid: 2_000_000, name: 'vmwp.exe' },
            { pid: process.pid, name: 'Varve' },
          ],
  }
  const find = findOpenAndAttached(windowsWith({}), files)
  const of = async (descriptors: 'writing' | 'all', path = '') =>
    (await find({ named: [written ?? '', read ?? '', free ?? ''], descriptors })).of(
      await stat(path, { bigint: true }),
    )
  const user = { by: 'process', pid: 2_000_000, command: 'vmwp.exe' }
  expect(await of('writing', written)).toEqual([{ ...user, how: 'writes' }])
  expect(await of('writing', read)).toEqual([])
  expect(await of('all', read)).toEqual([{ ...user, how: 'reads' }])
  expect(await of('all', free)).toEqual([])
  expect((await find({ named: [free ?? ''] })).unseen).toEqual([])
})

test('somebody whom Windows does not name is said, and so is that it tells nothing', async () => {
  await using place = await tempPlace()
  const path = place.file('a.vhdx')
  await writeFile(path, '')
  const unnamed = { isWritten: () => true, usersOf: () => [] }
  const found = await findOpenAndAttached(windowsWith({}), unnamed)({ named: [path] })
  expect(found.of(await stat(path, { bigint: true }))).toMatchObject([{ by: 'lock' }])
  const told = { what: 'not-told', system: 'Windows' }
  for (const files of [
    { isWritten: () => null, usersOf: () => [] },
    { isWritten: () => true, usersOf: () => null },
    {
      isWritten: () => {
        throw new Error('there is no rstrtmgr.dll')
      },
      usersOf: () => null,
    },
  ])
    expect((await findOpenAndAttached(windowsWith({}), files)({ named: [path] })).unseen).toEqual([told])
})

test('the list of the Restart Manager, as its bytes are', () => {
  const infos = new Uint8Array(3 * 668)
  const view = new DataView(infos.buffer)
  for (const [index, name] of ['vmwp.exe', 'Ünïcödé', 'x'.repeat(256)].entries()) {
    view.setUint32(index * 668, 4000 + index, true)
    for (let unit = 0; unit < name.length; unit += 1)
      view.setUint16(index * 668 + 12 + unit * 2, name.charCodeAt(unit), true)
  }
  expect(usersIn(infos, 3)).toEqual([
    { pid: 4000, name: 'vmwp.exe' },
    { pid: 4001, name: 'Ünïcödé' },
    { pid: 4002, name: 'x'.repeat(256) },
  ])
})
