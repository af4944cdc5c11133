import { stat, writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { findOpenAndAttached } from './find-writers.ts'
import { usersIn, type OpenFiles } from '@varve/engine/in-use/windows-open-files'

const nobody: OpenFiles = { isWritten: () => false, usersOf: () => [] }
const findAttached = (scripts: { call: () => Promise<unknown> }) => findOpenAndAttached(scripts, nobody)
const nothing = { call: async () => ({ disks: [], machines: 'told', mounted: 'told' }) }
const answering = (answer: unknown) => ({ call: async () => answer })
const told = { machines: 'told', mounted: 'told' }

test('a disk of a machine that runs, and one that Windows has mounted, are in use', async () => {
  await using place = await tempPlace()
  const [disk, mounted, free] = ['a.vhdx', 'b.vhd', 'c.vhdx'].map((name) => place.file(name))
  for (const path of [disk, mounted, free]) await writeFile(path ?? '', '')
  const disks = [
    { path: disk, machine: 'web\'s "1"' },
    { path: mounted, machine: null },
    { path: place.file('gone.vhdx'), machine: 'old' },
  ]
  const found = await findAttached(answering({ disks, ...told }))()
  const of = async (path = '') => found.of(await stat(path, { bigint: true }))
  expect(await of(disk)).toEqual([{ by: 'attached', machine: 'web\'s "1"' }])
  expect(await of(mounted)).toEqual([{ by: 'attached', machine: null }])
  expect(await of(free)).toEqual([])
  expect(found.unseen).toEqual([{ what: 'not-told', system: 'Windows' }])
})

test('what the host does not show is said, an empty list is not believed', async () => {
  const found = await findAttached(answering({ disks: [], machines: 'no-rights', mounted: 'no-module' }))()
  expect(found.unseen.map((one) => 'system' in one && one.system)).toEqual([
    'Hyper-V',
    'the Storage module',
    'Windows',
  ])
  const without = await findAttached(answering({ disks: [], ...told, machines: 'no-module' }))()
  expect(without.unseen).toHaveLength(1)
})

test('a script that fails, or gives what it does not, is said to have told nothing', async () => {
  const failing = { call: async () => Promise.reject(new Error('gone')) }
  for (const scripts of [
    failing,
    answering(null),
    answering([]),
    answering({ disks: [{ path: '' }], ...told }),
  ]) {
    const found = await findAttached(scripts)()
    expect(found.unseen).toContainEqual({ what: 'tool-failed', tool: 'powershell' })
  }
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
  const find = findOpenAndAttached(nothing, files)
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
  const found = await findOpenAndAttached(nothing, unnamed)({ named: [path] })
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
    expect((await findOpenAndAttached(nothing, files)({ named: [path] })).unseen).toEqual([told])
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
