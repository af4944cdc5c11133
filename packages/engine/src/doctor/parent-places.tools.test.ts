import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { setAside } from '../quarantine/set-aside.ts'
import { WorkerPool } from '../run/worker-pool.ts'
import type { Diagnosis } from './diagnosis.ts'
import { examineFolder } from './examine-folder.ts'

let place: TempPlace

beforeEach(async () => {
  place = await tempPlace()
})
afterEach(async () => {
  await place[Symbol.asyncDispose]()
})

const qemu = async (...args: readonly string[]) => runToolOk('qemu-img', args)

/** A disk that begins with `text`. */
async function disk(name: string, text: string, format = 'qcow2'): Promise<void> {
  await mkdir(dirname(place.file(name)), { recursive: true })
  const raw = place.file('.filled')
  await writeFile(raw, text.padEnd(64 * 1024, text))
  await qemu('convert', '-q', '-f', 'raw', '-O', format, raw, place.file(name))
  await rm(raw)
}

async function over(name: string, parent: string, format = 'qcow2'): Promise<void> {
  await qemu('create', '-q', '-f', format, '-F', format, '-b', parent, place.file(name))
}

async function old(...names: readonly string[]): Promise<void> {
  for (const name of names) await utimes(place.file(name), 1_600_000_000, 1_600_000_000)
}

async function examine(digest = true): Promise<readonly Diagnosis[]> {
  await using pool = new WorkerPool()
  const { findings } = await examineFolder(place.path, {
    roots: [place.path],
    digest: digest ? { pool } : null,
    runOfStaging: () => null,
  })
  return findings
}

const shortly = (findings: readonly Diagnosis[]) =>
  findings.map(({ id, file, wish }) => [id, file?.slice(place.path.length + 1), wish?.operation ?? null])

describe.skipIf(!requires('qemu-img'))('what may be the parent that an image misses', () => {
  test('is no duplicate that may go, and none of several is recommended', async () => {
    await disk('two.qcow2', 'right')
    await over('child.qcow2', 'two.qcow2')
    await mkdir(place.file('c2'))
    await rename(place.file('two.qcow2'), place.file('c2/two.qcow2'))
    await disk('c1/two.qcow2', 'wrong')
    await disk('other.qcow2', 'right')
    await old('other.qcow2')
    const findings = await examine()
    expect(shortly(findings)).toEqual([
      ['parent-missing', 'child.qcow2', null],
      ['duplicate', 'other.qcow2', 'delete'],
    ])
    expect(findings[0]).toMatchObject({
      command: null,
      details: { candidates: [place.file('c2/two.qcow2'), place.file('c1/two.qcow2')] },
    })
  })

  test('of copies that may all be it none may go', async () => {
    await disk('two.qcow2', 'right')
    await over('child.qcow2', 'two.qcow2')
    for (const folder of ['c1', 'c2']) await disk(`${folder}/two.qcow2`, 'right')
    await rm(place.file('two.qcow2'))
    const findings = await examine()
    expect(shortly(findings)).toEqual([
      ['parent-missing', 'child.qcow2', null],
      ['duplicate', expect.stringMatching(/^c\d\/two\.qcow2$/u), null],
    ])
    expect(findings[1]?.severity).toBe('info')
  })

  test('is no orphan, however old it is', async () => {
    await disk('gold.qcow2', 'right')
    await over('child.qcow2', 'gold.qcow2')
    await mkdir(place.file('vms'))
    await rename(place.file('gold.qcow2'), place.file('vms/gold.qcow2'))
    await writeFile(place.file('vms/vm.xml'), '<domain><source file="/x/other.qcow2"/></domain>')
    await old('vms/gold.qcow2')
    expect(shortly(await examine(false))).toEqual([['parent-moved', 'child.qcow2', 'chain-repoint']])
  })

  test('is named with those in quarantine, of which none is recommended', async () => {
    await disk('two.qcow2', 'right')
    await over('child.qcow2', 'two.qcow2')
    await disk('c1/two.qcow2', 'wrong')
    await setAside(place.file('two.qcow2'), { id: 'entry-1', why: 'deleted', roots: null })
    const [finding] = await examine(false)
    expect(finding).toMatchObject({
      id: 'parent-missing',
      command: ['varve', 'quarantine', place.path],
      wish: null,
      details: { candidates: [place.file('c1/two.qcow2'), place.file('two.qcow2')] },
    })
    expect(finding?.remedy).toContain('in quarantine (varve restore entry-1)')
  })

  test('one that was read beside the image is not recommended where another one has its name', async () => {
    await disk('two.qcow2', 'wrong')
    await disk('c2/two.qcow2', 'right')
    await qemu(
      'create',
      '-q',
      '-u',
      '-f',
      'qcow2',
      '-F',
      'qcow2',
      '-b',
      '/not/there/two.qcow2',
      place.file('child.qcow2'),
      '64K',
    )
    expect((await examine(false))[0]).toMatchObject({
      id: 'parent-moved',
      wish: null,
      details: { candidates: [place.file('two.qcow2'), place.file('c2/two.qcow2')] },
    })
  })

  test('is the one that has the identity which the image keeps of it', async () => {
    await disk('two.vmdk', 'right', 'vmdk')
    await over('child.vmdk', 'two.vmdk', 'vmdk')
    await mkdir(place.file('c2'))
    await rename(place.file('two.vmdk'), place.file('c2/two.vmdk'))
    await disk('c1/two.vmdk', 'wrong', 'vmdk')
    const [finding] = await examine(false)
    expect(finding).toMatchObject({
      id: 'parent-moved',
      wish: { operation: 'chain-repoint', request: { parent: place.file('c2/two.vmdk') } },
    })
    await rm(place.file('c2'), { recursive: true })
    expect(await examine(false)).toMatchObject([{ id: 'parent-missing', command: null, wish: null }])
  })

  test('the file that holds the data of a qcow2 is no duplicate of it that may go', async () => {
    await qemu(
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      `data_file=${place.file('data.raw')},data_file_raw=on`,
      place.file('disk.qcow2'),
      '1M',
    )
    await disk('copy.raw', 'x', 'raw')
    await writeFile(place.file('copy.raw'), Buffer.alloc(1024 ** 2, 1))
    await qemu('convert', '-n', '-f', 'raw', '-O', 'qcow2', place.file('copy.raw'), place.file('disk.qcow2'))
    await old('copy.raw')
    const wishes = (await examine()).flatMap(({ wish }) => (wish ? [wish.request['image']] : []))
    expect(wishes).not.toContain(place.file('data.raw'))
    expect(wishes).toContain(place.file('copy.raw'))
  })
})
