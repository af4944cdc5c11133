import { createHash } from 'node:crypto'
import { copyFile, open, readFile, rename, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Fleet } from './fleet.ts'
import { writeNoisyDisk } from './noisy-disk.ts'

const MiB = 1024 * 1024

async function fingerprint(file: string): Promise<string> {
  const { mtimeMs, size } = await stat(file)
  return `${size} ${mtimeMs} ${createHash('sha256')
    .update(await readFile(file))
    .digest('hex')}`
}

async function expectSameDisk(source: string, target: string, format: string): Promise<void> {
  const compared = await runTool('qemu-img', ['compare', '-F', format, source, target])
  expect(`${compared.stdout}${compared.stderr}`).toContain('Images are identical.')
  if (format === 'qcow2') await runToolOk('qemu-img', ['check', '-f', 'qcow2', target])
}

describe.skipIf(!requires('qemu-img', 'qemu-io'))('a migration between two agents', () => {
  let place: TempPlace
  let fleet: Fleet
  let disk: string

  beforeAll(async () => {
    place = await tempPlace()
    disk = place.file('disk.raw')
    await writeNoisyDisk(disk, { size: 1536 * MiB, data: 640 * MiB })
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })
  beforeEach(async (context) => {
    fleet = await Fleet.start(place.file(context.task.id))
  })
  afterEach(async () => {
    await fleet[Symbol.asyncDispose]()
  })

  /** Puts the noisy disk into north's library in the given format. */
  async function provide(name: string, format: string): Promise<string> {
    const [made, file] = [join(fleet.folder, name), join(fleet.library('north'), name)]
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, disk, made])
    await rename(made, file)
    return file
  }

  test('VMDK becomes qcow2', async () => {
    const source = await provide('web01.vmdk', 'vmdk')
    const before = await fingerprint(source)
    const started = await fleet.start(await fleet.image('north', 'web01.vmdk'), {
      name: 'web01.qcow2',
      format: 'qcow2',
    })
    const ended = await fleet.ended(started.id)
    expect(ended.error).toBeNull()
    expect(ended).toMatchObject({ state: 'succeeded', verified: true })
    expect(ended.sourceDigest).toBe(ended.targetDigest)
    expect(ended.steps.map(({ id, state }) => `${id} ${state}`)).toEqual(
      ['pre-flight', 'export', 'measure', 'pull', 'verify', 'digest', 'close', 'compare', 'publish'].map(
        (id) => `${id} done`,
      ),
    )
    await expectSameDisk(source, join(fleet.library('south'), 'web01.qcow2'), 'qcow2')
    expect(await fleet.files('south')).toEqual(['web01.qcow2'])
    expect(await fingerprint(source)).toBe(before)
    const arrived = await fleet.image('south', 'web01.qcow2')
    expect(arrived).toMatchObject({ format: 'qcow2', virtualSize: 1536 * MiB })
  })

  test('a qcow2 chain becomes raw', async () => {
    const base = await provide('base.qcow2', 'qcow2')
    const top = join(fleet.library('north'), 'top.qcow2')
    await runToolOk('qemu-img', ['create', '-f', 'qcow2', '-F', 'qcow2', '-b', 'base.qcow2', top, '2G'])
    const writes = ['write -P 0x11 3M 5M', 'write -z 40M 8M', 'discard 80M 4M', 'write -P 0x22 1700M 1M']
    await runToolOk('qemu-io', [...writes.flatMap((write) => ['-c', write]), top])
    const before = [await fingerprint(base), await fingerprint(top)]
    const image = await fleet.image('north', 'top.qcow2')
    const started = await fleet.start(image, { name: 'top.raw', format: 'raw' })
    const ended = await fleet.ended(started.id)
    expect(ended.error).toBeNull()
    expect(ended).toMatchObject({ state: 'succeeded', verified: true })
    const target = join(fleet.library('south'), 'top.raw')
    await expectSameDisk(top, target, 'raw')
    const { blocks, size } = await stat(target)
    expect(size).toBe(2048 * MiB)
    expect(blocks * 512).toBeLessThan(700 * MiB)
    expect([await fingerprint(base), await fingerprint(top)]).toEqual(before)
  })

  test('the same request twice starts one migration; a name that is taken is refused', async () => {
    await provide('web01.vmdk', 'vmdk')
    const image = await fleet.image('north', 'web01.vmdk')
    const request = {
      image: image.id,
      targetHost: 'south',
      targetLibrary: 'images',
      name: 'a.raw',
      format: 'raw',
      idempotencyKey: 'the-same-key',
    } as const
    const [first, second] = await Promise.all([
      fleet.api.migrations.start.mutate(request),
      fleet.api.migrations.start.mutate(request),
    ])
    expect(first.id).toBe(second.id)
    expect(await fleet.ended(first.id)).toMatchObject({ state: 'succeeded' })
    await fleet.image('south', 'a.raw')
    const plan = await fleet.api.migrations.plan.query(request)
    expect(plan.kind).toBe('refusal')
    expect(JSON.stringify(plan)).toContain('target-name-taken')
  })

  for (const name of ['north', 'south', 'controller'] as const) {
    test(`${name} killed in the middle of the pull and started again: the migration is completed`, async () => {
      const source = await provide('web01.vmdk', 'vmdk')
      const before = await fingerprint(source)
      const { id } = await fleet.start(await fleet.image('north', 'web01.vmdk'), {
        name: 'web01.qcow2',
        format: 'qcow2',
      })
      await fleet.pulling(id)
      await fleet.kill(name)
      expect(await fleet.files('south')).not.toContain('web01.qcow2')
      await fleet.run(name)
      const ended = await fleet.ended(id)
      expect(ended.error).toBeNull()
      expect(ended).toMatchObject({ state: 'succeeded', verified: true })
      await expectSameDisk(source, join(fleet.library('south'), 'web01.qcow2'), 'qcow2')
      expect(await fleet.files('south')).toEqual(['web01.qcow2'])
      expect(await fingerprint(source)).toBe(before)
    })
  }

  test.each([
    ['vmdk', 'twoGbMaxExtentSparse', 'web01.vmdk', ['web01-s001.vmdk', 'web01.vmdk']],
    ['parallels', 'bundle', 'web01.hdd', ['web01.hdd']],
  ] as const)(
    'several files: %s %s is begun anew after a kill of its agent, and gets its names at once',
    async (format, subformat, name, files) => {
      const source = await provide('web01.qcow2', 'qcow2')
      const before = await fingerprint(source)
      const target = { name, format, subformat }
      const { id } = await fleet.start(await fleet.image('north', 'web01.qcow2'), target)
      await fleet.pulling(id)
      await fleet.kill('south')
      for (const file of files) expect(await fleet.files('south')).not.toContain(file)
      await fleet.run('south')
      const ended = await fleet.ended(id)
      expect(ended.error).toBeNull()
      expect(ended).toMatchObject({ state: 'succeeded', verified: true })
      expect(ended.sourceDigest).toBe(ended.targetDigest)
      expect(await fleet.files('south')).toEqual(files)
      if (format === 'vmdk') await expectSameDisk(disk, join(fleet.library('south'), name), 'vmdk')
      expect(await fingerprint(source)).toBe(before)
      expect(await fleet.image('south', name)).toMatchObject({ format, virtualSize: 1536 * MiB })
    },
  )

  for (const name of ['north', 'south'] as const) {
    test(`${name} killed for good: the migration fails with a coded error and publishes nothing`, async () => {
      await provide('web01.vmdk', 'vmdk')
      const { id } = await fleet.start(await fleet.image('north', 'web01.vmdk'), {
        name: 'web01.qcow2',
        format: 'qcow2',
      })
      await fleet.pulling(id)
      await fleet.kill(name)
      const ended = await fleet.ended(id)
      expect(ended.state).toBe('failed')
      expect(['agent-gone', 'nbd-failed']).toContain(ended.error?.code)
      expect(ended.error?.remedy).not.toBe('')
      expect(ended.aftermath).not.toBeNull()
      expect(await fleet.files('south')).not.toContain('web01.qcow2')
    })
  }

  test('canceled in the middle: nothing is left on the target', async () => {
    await provide('web01.vmdk', 'vmdk')
    const { id } = await fleet.start(await fleet.image('north', 'web01.vmdk'), {
      name: 'web01.qcow2',
      format: 'qcow2',
    })
    await fleet.pulling(id)
    await fleet.api.migrations.cancel.mutate({ id })
    expect(await fleet.ended(id)).toMatchObject({ state: 'canceled' })
    expect(await fleet.files('south')).toEqual([])
  })

  test('a source that is written to meanwhile: nothing is published', async () => {
    const source = await provide('web01.raw', 'raw')
    const { id } = await fleet.start(await fleet.image('north', 'web01.raw'), {
      name: 'web01.qcow2',
      format: 'qcow2',
    })
    await fleet.pulling(id)
    await using file = await open(source, 'r+')
    await file.write(Buffer.from('written while it was read'), 0, 25, 5 * MiB)
    const ended = await fleet.ended(id)
    expect(ended.state).toBe('failed')
    // Who begins to read it after the write sees its writer.
    expect(['source-changed', 'digest-mismatch', 'in-use']).toContain(ended.error?.code)
    expect(await fleet.files('south')).toEqual([])
  })

  test('a damaged image and one whose parent is gone are refused before anything is copied', async () => {
    const source = await provide('whole.qcow2', 'qcow2')
    // Both come into the library as they are to be found.
    const into = async (from: string, name: string) => rename(from, join(fleet.library('north'), name))
    const top = place.file('orphan.qcow2')
    await runToolOk('qemu-img', ['create', '-f', 'qcow2', '-F', 'qcow2', '-b', source, top])
    await runToolOk('qemu-img', ['rebase', '-u', '-F', 'qcow2', '-b', 'gone.qcow2', top])
    const cut = place.file('cut.qcow2')
    await copyFile(source, cut)
    await truncate(cut, 300_000)
    await into(top, 'orphan.qcow2')
    await into(cut, 'cut.qcow2')
    for (const [name, code] of [
      ['orphan.qcow2', 'parent-missing'],
      ['cut.qcow2', 'truncated'],
    ] as const) {
      const image = await fleet.image('north', name)
      const request = {
        image: image.id,
        targetHost: 'south',
        targetLibrary: 'images',
        name: 'x.raw',
        format: 'raw',
      } as const
      const plan = await fleet.api.migrations.plan.query(request)
      if (plan.kind === 'refusal') {
        expect(JSON.stringify(plan.problems)).toContain(code)
        continue
      }
      const { id } = await fleet.api.migrations.start.mutate({
        ...request,
        idempotencyKey: `key-of-${name}`,
        accepted: plan.warnings.map((each) => each.id),
      })
      expect(await fleet.ended(id)).toMatchObject({ state: 'failed', error: { code } })
    }
    expect(await fleet.files('south')).toEqual([])
  })
})
