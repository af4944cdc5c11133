import { stat, writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { findAttached } from './find-writers.ts'

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
    'Windows',
    'Hyper-V',
    'the Storage module',
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
