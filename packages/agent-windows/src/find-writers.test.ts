import { stat, writeFile } from 'node:fs/promises'
import { ScriptedToolRunner } from '@varve/agent/testing/scripted-tool-runner'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { findAttached } from './find-writers.ts'
import { listAttachedDisks } from './tools/hyper-v/commands.ts'
import { parseAttachedDisks } from './tools/hyper-v/output.ts'

const { tool, args } = listAttachedDisks()

test('a disk of a machine that runs, and one that Windows has mounted, are in use', async () => {
  await using place = await tempPlace()
  const [disk, mounted, free] = ['a.vhdx', 'b.vhd', 'c.vhdx'].map((name) => place.file(name))
  for (const path of [disk, mounted, free]) await writeFile(path ?? '', '')
  const stdout = JSON.stringify([
    { Path: disk, Machine: 'web\'s "1"' },
    { Path: mounted, Machine: null },
    { Path: place.file('gone.vhdx'), Machine: 'old' },
  ])
  const found = await findAttached(new ScriptedToolRunner([{ tool, args, stdout }]))()
  const of = async (path = '') => found.of(await stat(path, { bigint: true }))
  expect(await of(disk)).toEqual([{ by: 'attached', machine: 'web\'s "1"' }])
  expect(await of(mounted)).toEqual([{ by: 'attached', machine: null }])
  expect(await of(free)).toEqual([])
  expect(found.unseen).toEqual([{ what: 'not-told', system: 'Windows' }])
})

test('PowerShell that fails, or prints what is no list, is said to have told nothing', async () => {
  for (const answer of [
    { exitCode: 1 },
    { stdout: '' },
    { stdout: '{"Path":"x"}' },
    { stdout: 'Get-VM : nicht gefunden' },
  ]) {
    const found = await findAttached(new ScriptedToolRunner([{ tool, args, ...answer }]))()
    expect(found.unseen).toContainEqual({ what: 'tool-failed', tool: 'powershell' })
  }
})

test('entries that are none are left out', () => {
  expect(parseAttachedDisks('\uFEFF[{"Path":"C:\\\\a.vhdx","Machine":"m"},{"Path":""},7,null]')).toEqual([
    { path: 'C:\\a.vhdx', machine: 'm' },
  ])
  expect(parseAttachedDisks('[]')).toEqual([])
})
