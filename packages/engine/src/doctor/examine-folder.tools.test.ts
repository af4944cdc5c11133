import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { bundleDescriptor, bundleImageName } from '@varve/core/formats/parallels/write-descriptor'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { writeBackup } from '../images/repair-backup.ts'
import { WorkerPool } from '../run/worker-pool.ts'
import type { Diagnosis } from './diagnosis.ts'
import { examineFolder, type ExamineOptions } from './examine-folder.ts'

const long = new Date(Date.now() - 400 * 24 * 3600 * 1000)

async function vmdk(path: string, subformat: string, size = '8M'): Promise<void> {
  await runToolOk('qemu-img', ['create', '-q', '-f', 'vmdk', '-o', `subformat=${subformat}`, path, size])
}

async function bundle(path: string): Promise<void> {
  const name = basename(path)
  await mkdir(path)
  const image = join(path, bundleImageName(name))
  await runToolOk('qemu-img', ['create', '-q', '-f', 'parallels', '-o', 'cluster_size=1M', image, '8M'])
  const shape = { virtualSize: 8 * 1024 ** 2, clusterSize: 1024 ** 2, name, id: randomUUID() }
  await writeFile(join(path, 'DiskDescriptor.xml'), bundleDescriptor(shape))
}

async function examine(folder: string, options: Partial<ExamineOptions> = {}): Promise<readonly Diagnosis[]> {
  const { findings } = await examineFolder(folder, {
    roots: [folder],
    digest: null,
    runOfStaging: () => null,
    ...options,
  })
  return findings
}

const shortly = (place: TempPlace, findings: readonly Diagnosis[]) =>
  findings.map(({ id, file, severity, command, wish }) => ({
    id,
    severity,
    file: file?.slice(place.path.length + 1),
    command: command?.map((word) => word.replace(`${place.path}/`, '')) ?? null,
    wish,
  }))

describe.skipIf(!requires('qemu-img'))('a folder as a whole', () => {
  test('is told as right when all parts of its images are there', async () => {
    await using place = await tempPlace()
    await vmdk(place.file('flat.vmdk'), 'monolithicFlat')
    await vmdk(place.file('split.vmdk'), 'twoGbMaxExtentSparse', '3G')
    await symlink('flat.vmdk', place.file('link.vmdk'))
    expect(await examine(place.path)).toEqual([])
  })

  test('a part that is missing is told at its descriptor, with where one of its name lies', async () => {
    await using place = await tempPlace()
    await vmdk(place.file('split.vmdk'), 'twoGbMaxExtentSparse', '3G')
    await vmdk(place.file('flat.vmdk'), 'monolithicFlat')
    await mkdir(place.file('away'))
    await rm(place.file('split-s002.vmdk'))
    await rename(place.file('flat-flat.vmdk'), place.file('away/flat-flat.vmdk'))
    const findings = await examine(place.path)
    expect(shortly(place, findings)).toEqual([
      { id: 'part-missing', severity: 'block', file: 'flat.vmdk', command: null, wish: null },
      {
        id: 'part-missing',
        severity: 'block',
        file: 'split.vmdk',
        command: ['varve', 'quarantine', place.path],
        wish: null,
      },
      {
        id: 'part-alone',
        severity: 'warn',
        file: 'away/flat-flat.vmdk',
        command: ['varve', 'convert', '--format', 'raw', 'away/flat-flat.vmdk', 'away/flat.vmdk'],
        wish: null,
      },
    ])
    expect(findings.map(({ details }) => details)).toMatchObject([
      { part: 'flat-flat.vmdk', candidates: [place.file('away/flat-flat.vmdk')] },
      { part: 'split-s002.vmdk', candidates: [] },
      { target: place.file('away/flat.vmdk') },
    ])
  })

  test('parts without their descriptor are told, each once', async () => {
    await using place = await tempPlace()
    await vmdk(place.file('split.vmdk'), 'twoGbMaxExtentSparse', '3G')
    await rm(place.file('split.vmdk'))
    expect(shortly(place, await examine(place.path)).map(({ id, file }) => [id, file])).toEqual([
      ['part-alone', 'split-s001.vmdk'],
      ['part-alone', 'split-s002.vmdk'],
    ])
  })

  test('what is missing in a Parallels bundle is told: its images, and its description', async () => {
    await using place = await tempPlace()
    for (const name of ['images.hdd', 'described.hdd']) await bundle(place.file(name))
    expect(await examine(place.path)).toEqual([])
    await rm(place.file(join('images.hdd', bundleImageName('images.hdd'))))
    await rm(place.file('described.hdd/DiskDescriptor.xml'))
    const findings = await examine(place.path)
    expect(findings.map(({ id, file, severity }) => [id, file, severity])).toEqual([
      ['part-missing', place.file('images.hdd'), 'block'],
      ['bundle-broken', place.file('described.hdd'), 'block'],
    ])
  })

  test('links that are named like images and lead nowhere are told, with where they may lead', async () => {
    await using place = await tempPlace()
    await mkdir(place.file('new'))
    await writeFile(place.file('new/web.raw'), Buffer.alloc(512))
    await symlink('old/web.raw', place.file('web.raw'))
    await symlink('gone.qcow2', place.file('gone.qcow2'))
    await symlink('loop.vmdk', place.file('loop.vmdk'))
    await symlink('nothing', place.file('notes.txt'))
    expect(shortly(place, await examine(place.path))).toEqual([
      { id: 'link-dangling', severity: 'warn', file: 'gone.qcow2', command: null, wish: null },
      { id: 'link-dangling', severity: 'warn', file: 'loop.vmdk', command: null, wish: null },
      {
        id: 'link-dangling',
        severity: 'warn',
        file: 'web.raw',
        command: null,
        wish: null,
      },
    ])
  })

  test('what a link leads to, or may be meant to lead to, is no duplicate and no orphan that may go', async () => {
    await using place = await tempPlace()
    await using pool = new WorkerPool()
    await mkdir(place.file('vms'))
    const files = ['one.raw', 'two.raw', 'vms/linked.raw', 'vms/meant.raw', 'vms/free.raw']
    for (const [at, name] of files.entries())
      await writeFile(place.file(name), Buffer.alloc(1024 ** 2, name.startsWith('vms') ? at : 7))
    await writeFile(place.file('vms/vm.xml'), '<domain><source file="/x/other.raw"/></domain>')
    for (const name of files) await utimes(place.file(name), long, long)
    await utimes(place.file('two.raw'), new Date(), new Date())
    await symlink('two.raw', place.file('current'))
    await symlink('vms/linked.raw', place.file('vm.raw'))
    await symlink('gone/meant.raw', place.file('dangling.raw'))
    const findings = await examine(place.path, { digest: { pool } })
    expect(shortly(place, findings).map(({ id, file }) => [id, file])).toEqual([
      ['orphan', 'vms/free.raw'],
      ['duplicate', 'one.raw'],
      ['link-dangling', 'dangling.raw'],
    ])
    await symlink('.', place.file('all'))
    const kept = await examine(place.path, { digest: { pool } })
    expect(kept.filter(({ wish }) => wish !== null)).toEqual([])
  })

  test('old undo files are told for information with age, size and what they undo, and others not', async () => {
    await using place = await tempPlace()
    const backup = {
      sizeBefore: 4,
      sizeAfter: 4,
      records: [{ at: 0, before: new Uint8Array([1, 2]), after: new Uint8Array([3, 4]) }],
    }
    await writeFile(place.file('web.raw'), Buffer.alloc(512))
    for (const name of ['web.raw.undo', '.gone.qcow2.0123456789ab.undo', 'new.raw.undo'])
      await writeBackup(place.file(name), backup)
    await writeFile(place.file('editor.undo'), 'of another program')
    for (const name of ['web.raw.undo', '.gone.qcow2.0123456789ab.undo', 'editor.undo'])
      await utimes(place.file(name), long, long)
    const findings = (await examine(place.path)).toSorted((a, b) =>
      (a.file ?? '') < (b.file ?? '') ? -1 : 1,
    )
    expect(findings).toMatchObject([
      {
        id: 'undo-file',
        severity: 'info',
        file: place.file('.gone.qcow2.0123456789ab.undo'),
        details: { image: place.file('gone.qcow2'), isThere: false, days: 400, changes: 1 },
        command: null,
        wish: null,
      },
      {
        id: 'undo-file',
        severity: 'info',
        file: place.file('web.raw.undo'),
        details: { image: place.file('web.raw'), isThere: true, days: 400, changes: 1 },
        command: null,
        wish: null,
      },
    ])
    expect(findings[1]?.message).toContain('400 days old: it takes back 1 change of 2 B')
  })

  test('what died left, and what a run goes on with is no finding', async () => {
    await using place = await tempPlace()
    for (const id of ['00000000000a', '00000000000b']) {
      await writeFile(place.file(`.web.raw.${id}.part`), 'x')
      await utimes(place.file(`.web.raw.${id}.part`), 0, 0)
    }
    const runOfStaging: ExamineOptions['runOfStaging'] = (staging) =>
      staging === '00000000000a' ? { id: 'going', isOver: false, of: 'host' } : null
    expect(shortly(place, await examine(place.path, { runOfStaging }))).toEqual([
      {
        id: 'leftover',
        severity: 'warn',
        file: '.web.raw.00000000000b.part',
        command: ['varve', 'leftovers', place.path, '--remove'],
        wish: null,
      },
    ])
  })

  test('of twins the one that a machine names stays; two that are needed are told and kept', async () => {
    await using place = await tempPlace()
    await using pool = new WorkerPool()
    for (const folder of ['a', 'b', 'c']) {
      await mkdir(place.file(folder))
      await writeFile(place.file(`${folder}/${folder}.raw`), Buffer.alloc(1024 ** 2, 7))
    }
    await utimes(place.file('a/a.raw'), long, long)
    for (const folder of ['b', 'c'])
      await writeFile(place.file(`${folder}/vm.xml`), `<domain><source file="${folder}.raw"/></domain>`)
    const twins = (await examine(place.path, { digest: { pool } })).filter(({ id }) => id === 'duplicate')
    const kept = twins[0]?.details?.['same']
    expect([place.file('b/b.raw'), place.file('c/c.raw')]).toContain(kept)
    expect(
      twins.map(({ file, severity, wish }) => [basename(dirname(file ?? '')), severity, wish?.operation]),
    ).toEqual(
      expect.arrayContaining([
        ['a', 'warn', 'delete'],
        [kept === place.file('b/b.raw') ? 'c' : 'b', 'info', undefined],
      ]),
    )
  })

  test('a parent that was found under its name beside the image is named so by a word only', async () => {
    await using place = await tempPlace()
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', place.file('base.qcow2'), '8M'])
    const over = ['-F', 'qcow2', '-b', '/not/there/base.qcow2']
    await runToolOk('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', ...over, place.file('web.qcow2'), '8M'])
    expect(shortly(place, await examine(place.path))).toEqual([
      {
        id: 'parent-moved',
        severity: 'warn',
        file: 'web.qcow2',
        command: 'varve chain repoint web.qcow2 --parent base.qcow2 --accept parent-unproven'.split(' '),
        wish: {
          operation: 'chain-repoint',
          request: { image: place.file('web.qcow2'), parent: place.file('base.qcow2'), proof: 'waived' },
        },
      },
    ])
  })
})
