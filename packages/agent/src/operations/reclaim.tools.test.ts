import { copyFile, open, readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openChain } from '@varve/core/chain/open-chain'
import { maskedDisk } from '@varve/core/disk/masked-disk'
import { readFreeSpace } from '@varve/core/scan/free-space'
import { compareDisks } from '@varve/engine/disks/compare-disks'
import { convertDisk } from '@varve/engine/disks/convert-disk'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { surveyInput } from '@varve/engine/disks/survey-reclaim'
import { own as volumeUuid, physicalVolume } from '@varve/core/testing/physical-volume'
import { nodePorts } from '@varve/engine/ports/ports'
import { weighReclaimed } from '@varve/operations/actions/weigh-reclaimed'
import type { Plan, Refusal } from '@varve/operations/plans/plan'
import { outcomeOf, type RunState } from '@varve/operations/runs/run-state'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { canMount } from '@varve/test-kit/mounted-place'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { faultsOf, filesIn, filesystemKinds, usedFilesystem } from '@varve/test-kit/used-filesystem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestHost, type TestHost } from '../testing/test-host.ts'
import { walkKills } from '../testing/walk-kills.ts'

const mib = 1024 ** 2
const stop = new AbortController().signal
const ports = nodePorts({ roots: null, io: 'sync' })
const input = (path: string) => ({ kind: 'image', path, roots: null, format: null }) as const

async function digestOf(path: string, more: { withoutFree?: boolean } = {}): Promise<string> {
  return (await digestDisk({ ...input(path), ...more }, { workers: 1 })).digest
}

function asPlan(plan: Plan | Refusal): Plan {
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
  return plan
}

async function reclaim(host: TestHost, image: string, more: { zerosOnly?: boolean } = {}): Promise<RunState> {
  const request = { image, ...more }
  const plan = asPlan(await host.plan('reclaim', request))
  return await host.runs.start({ plan, request, accepted: [] }, { stop })
}

/** What each layer was to give back, and gave. */
function gainsOf(state: RunState) {
  expect([state.phase, state.error?.message]).toEqual(['succeeded', undefined])
  const weighed = state.steps.find(({ step }) => step.id === 'weigh')
  const { layers } = weighReclaimed.outcome.parse(weighed && outcomeOf(weighed))
  return Object.fromEntries(layers.map((one) => [one.kind, one]))
}

async function asRaw(path: string, place: TempPlace): Promise<string> {
  const raw = place.file(`read-back-${Math.random()}.img`)
  await convertDisk(input(path), { path: raw, format: 'raw', compression: 'none' })
  return raw
}

/** The kinds of images, as they are made of a raw disk. */
const containers = [
  ['raw', {}],
  ['qcow2', {}],
  ['qcow2 compressed', { compression: 'zstd' }],
  ['vhdx', {}],
  ['vhdx fixed', { subformat: 'fixed' }],
  ['vmdk', {}],
  ['vmdk streamOptimized', { subformat: 'streamOptimized' }],
  ['vmdk monolithicFlat', { subformat: 'monolithicFlat' }],
  ['vdi', {}],
  ['vdi fixed', { subformat: 'fixed' }],
  ['vhd', {}],
  ['vhd fixed', { subformat: 'fixed' }],
  ['parallels', {}],
] as const

const kinds = [filesystemKinds.ext4, filesystemKinds.xfs, filesystemKinds.btrfs, filesystemKinds.ntfs]
const isHere =
  (await canMount()) &&
  requires(
    'qemu-img',
    'qemu-io',
    'mkfs.ext4',
    'e2fsck',
    'mkfs.ntfs',
    'ntfs-3g',
    'xfs_repair',
    'btrfs',
    'debugfs',
  )

describe.skipIf(!isHere)('reclaim', () => {
  /** A disk of each filesystem, made once; files were removed from it. */
  let made: TempPlace
  const diskOf = (kind: { readonly name: string }) => made.file(`${kind.name}.img`)
  const filesOf = new Map<string, string>()
  beforeAll(async () => {
    made = await tempPlace()
    for (const kind of kinds) {
      await usedFilesystem(kind, diskOf(kind), { size: 320, kept: 6, removed: 44 })
      filesOf.set(kind.name, await filesIn(diskOf(kind)))
    }
  }, 900_000)
  afterAll(async () => made[Symbol.asyncDispose]())

  const [ext4, ...others] = kinds
  const cases = [
    ...containers.map((container) => [ext4, container] as const),
    ...others.flatMap((kind) =>
      containers
        .filter(([name]) => ['raw', 'qcow2', 'vhdx', 'vdi'].includes(name))
        .map((one) => [kind, one] as const),
    ),
  ].flatMap(([kind, container]) =>
    kind ? [{ name: `${container[0]} with ${kind.name}`, kind, container }] : [],
  )

  test.each(cases)(
    '$name: gives back what was foreseen, and no file differs',
    async ({ kind, container }) => {
      await using place = await tempPlace()
      const [name, shape] = container
      const [format = ''] = name.split(' ')
      const image = place.file(`disk.${format}`)
      await convertDisk(input(diskOf(kind)), {
        path: image,
        format: format as 'raw',
        compression: 'none',
        ...shape,
      })
      const before = await digestOf(image, { withoutFree: true })
      const report = await surveyInput(input(image), { reads: true })
      await using host = openTestHost(place.path)
      const state = await reclaim(host, image)
      const { host: onHost, container: ofFile, 'guest-free': free } = gainsOf(state)
      // The room that files of 44 MiB took, and at least 90 % of what was foreseen for each layer.
      const isVhdx = name === 'vhdx' || name === 'vhdx fixed'
      const isCoarse = isVhdx || name === 'vdi fixed'
      expect(onHost?.actual).toBeGreaterThan((isVhdx ? 24 : 36) * mib)
      for (const gain of [onHost, ofFile, free])
        expect(gain?.actual ?? 0).toBeGreaterThanOrEqual(Math.floor((gain?.predicted ?? 0) * 0.9))
      // What is foreseen is a lower bound, in units of the format.
      expect(onHost?.predicted ?? 0).toBeGreaterThan((onHost?.actual ?? 0) * (isCoarse ? 0.2 : 0.7))
      // The report foresees the same, zeros and all.
      const { host: was } = report.before
      const told = was === null ? 0 : was - (report.after?.host ?? 0)
      expect(onHost?.actual ?? 0).toBeGreaterThanOrEqual(told * 0.9)

      // What is in use is bit by bit the same, and what was free is zeros.
      expect(await digestOf(image)).toBe(before)
      expect(await digestOf(image, { withoutFree: true })).toBe(before)
      const [{ step } = { step: null }] = state.steps
      expect(step?.id).toBe('write')
      expect(state.steps[1] && outcomeOf(state.steps[1])).toMatchObject({ digest: before })
      const raw = await asRaw(image, place)
      expect(await faultsOf(kind, raw)).toBeNull()
      expect(await filesIn(raw)).toBe(filesOf.get(kind.name))
      // A second time there is nothing to be had, and the image is left alone.
      const again = await reclaim(host, image)
      expect([again.phase, again.error?.code]).toEqual(['failed', 'refused'])
      expect(await digestOf(image)).toBe(before)
      expect((await readdir(place.path)).filter((one) => one.endsWith('.part'))).toEqual([])

      expect((await host.runs.undo(state.id, { stop })).phase).toBe('undone')
      expect(await compareDisks(input(image), input(diskOf(kind)))).toMatchObject({ identical: true })
    },
  )

  test('what is not free is bit by bit what it was, by a reader of its own', async () => {
    await using place = await tempPlace()
    const image = place.file('disk.qcow2')
    await runToolOk('qemu-img', ['convert', '-O', 'qcow2', diskOf(filesystemKinds.btrfs), image])
    await using host = openTestHost(place.path)
    gainsOf(await reclaim(host, image))
    await using original = await openChain(diskOf(filesystemKinds.btrfs), ports)
    await using anew = await openChain(image, ports)
    const { free } = await readFreeSpace(original.disk)
    const masked = maskedDisk(original.disk, free)
    const [a, b] = [Buffer.alloc(4 * mib), Buffer.alloc(4 * mib)]
    for (let at = 0; at < masked.virtualSize; at += a.length) {
      await masked.readInto(a, at)
      await anew.disk.readInto(b, at)
      expect(a.equals(b)).toBe(true)
    }
  })

  /** A partition with a physical volume, whose logical volume lies in two pieces, the second one first. */
  async function diskWithVolume(disk: string, volumes = ''): Promise<void> {
    const [first, second] = [50, 30]
    const segment = (number: number, start: number, count: number, at: number) =>
      `segment${number} { start_extent = ${start} extent_count = ${count} type = "striped" stripe_count = 1 stripes = ["pv0", ${at}] }`
    const text = `vg0 { extent_size = 8192
      physical_volumes { pv0 { id = "${volumeUuid}" pe_start = 2048 pe_count = 110 } }
      logical_volumes { root { status = ["READ", "WRITE", "VISIBLE"]
        ${segment(1, 0, first, second)} ${segment(2, first, second, 0)} } ${volumes} } }`
    await writeFile(disk, '')
    await truncate(disk, 450 * mib)
    await using file = await open(disk, 'r+')
    const sector = mbrSector(450 * mib)
    await file.write(sector, 0, sector.length, 0)
    for (const { at, bytes } of physicalVolume(text, { at: mib }))
      await file.write(bytes, 0, bytes.length, at)
    const filesystem = await readFile(diskOf(filesystemKinds.ext4))
    const cut = first * 4 * mib
    await file.write(filesystem, 0, cut, (2 + second * 4) * mib)
    await file.write(filesystem, cut, filesystem.length - cut, 2 * mib)
  }

  test('inside a logical volume of two pieces', async () => {
    await using place = await tempPlace()
    const [disk, image] = [place.file('disk.img'), place.file('disk.qcow2')]
    await diskWithVolume(disk)
    await runToolOk('qemu-img', ['convert', '-O', 'qcow2', disk, image])
    await using host = openTestHost(place.path)
    const { host: onHost } = gainsOf(await reclaim(host, image))
    expect(onHost?.actual).toBeGreaterThan(36 * mib)
    const [raw, back] = [await asRaw(image, place), place.file('back.img')]
    const copy = async (from: number, to: number, count: number) =>
      runToolOk('dd', [
        `if=${raw}`,
        `of=${back}`,
        'bs=1M',
        `skip=${from}`,
        `seek=${to}`,
        `count=${count}`,
        'conv=notrunc',
        'status=none',
      ])
    await copy(122, 0, 200)
    await copy(2, 200, 120)
    expect(await faultsOf(filesystemKinds.ext4, back)).toBeNull()
    expect(await filesIn(back)).toBe(filesOf.get('ext4'))
  })

  test('a volume that a snapshot stands on is left as it is', async () => {
    await using place = await tempPlace()
    const disk = place.file('disk.img')
    await diskWithVolume(
      disk,
      `snapshot0 { status = ["READ", "WRITE"] segment1 { start_extent = 0 extent_count = 80
        type = "snapshot" chunk_size = 8 origin = "root" cow_store = "cow" } }`,
    )
    await using host = openTestHost(place.path)
    const plan = asPlan(await host.plan('reclaim', { image: disk }))
    expect(plan.warnings).toContainEqual(
      expect.objectContaining({
        id: 'free-space-kept',
        details: expect.objectContaining({ kind: 'snapshot' }),
      }),
    )
    expect((await readFreeSpace((await openChain(disk, ports)).disk)).free).toEqual(new Float64Array())
  })

  test('an overlay keeps its backing: free blocks of its own become zeros, the rest shows its parent', async () => {
    await using place = await tempPlace()
    const [base, top] = [place.file('base.qcow2'), place.file('top.qcow2')]
    const disk = diskOf(filesystemKinds.ext4)
    await runToolOk('qemu-img', ['convert', '-O', 'qcow2', disk, base])
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, top])
    // What is free in the base is overwritten in the overlay, as a guest does that writes and removes a file.
    await using chain = await openChain(base, ports)
    const { free } = await readFreeSpace(chain.disk)
    const start = Math.ceil((free[free.length - 2] ?? 0) / mib) * mib
    await runToolOk('qemu-io', ['-f', 'qcow2', '-c', `write -q -P 9 ${start} 20M`, top])
    // Beside it, free blocks of the base that the overlay does not have.
    const baseBefore = await digestOf(base)
    await using host = openTestHost(place.path)
    const { 'guest-free': given } = gainsOf(await reclaim(host, top))
    expect(given?.actual).toBe(20 * mib)
    expect((await stat(top)).size).toBeLessThan(2 * mib)
    expect(await digestOf(base)).toBe(baseBefore)
    await runToolOk('qemu-io', ['-f', 'qcow2', '-r', '-c', `read -q -P 0 ${start} 20M`, top])
    await runToolOk('qemu-img', ['check', '-q', top])
    const raw = await asRaw(top, place)
    expect(await faultsOf(filesystemKinds.ext4, raw)).toBeNull()
    expect(await filesIn(raw)).toBe(filesOf.get('ext4'))
    expect(await host.plan('reclaim', { image: base })).toMatchObject({
      kind: 'refusal',
      problems: [{ id: 'has-dependents' }],
    })
  })

  test('zeros alone: free blocks stay, and the disk is the same', async () => {
    await using place = await tempPlace()
    const image = place.file('disk.img')
    await copyFile(diskOf(filesystemKinds.ext4), image)
    await using file = await open(image, 'r+')
    await file.write(Buffer.alloc(4 * mib), 0, 4 * mib, 384 * mib)
    await file.sync()
    const before = await digestOf(image)
    await using host = openTestHost(place.path)
    const { zeros, 'guest-free': free } = gainsOf(await reclaim(host, image, { zerosOnly: true }))
    expect(zeros?.actual).toBeGreaterThanOrEqual(4 * mib)
    expect(free?.predicted).toBe(0)
    expect(await digestOf(image)).toBe(before)
  })

  test('dirty, damaged and encrypted: refused, each with its reason, and nothing is touched', async () => {
    await using place = await tempPlace()
    await using host = openTestHost(place.path)
    const image = place.file('disk.img')
    await copyFile(diskOf(filesystemKinds.ext4), image)
    await runToolOk('debugfs', ['-w', '-R', 'feature needs_recovery', image])
    const before = await readFile(image)
    const refused = async (id: string, details: object = {}) =>
      expect(await host.plan('reclaim', { image })).toMatchObject({
        kind: 'refusal',
        problems: [expect.objectContaining({ id, details: expect.objectContaining(details) })],
      })
    await refused('free-space-doubtful', { kind: 'dirty' })
    expect((await readFile(image)).equals(before)).toBe(true)
    await copyFile(diskOf(filesystemKinds.ext4), image)
    await runToolOk('debugfs', ['-w', '-R', 'set_bg 0 free_blocks_count 1', image])
    await refused('free-space-doubtful', { kind: 'bitmap' })
    const luks = Buffer.alloc(4096)
    luks.write('LUKS\xba\xbe', 'latin1')
    luks.writeUInt16BE(1, 6)
    await writeFile(image, luks)
    await truncate(image, 64 * mib)
    await refused('free-space-not-seen')
  })

  test('internal snapshots that would be gone are asked for by name', async () => {
    await using place = await tempPlace()
    const image = place.file('disk.qcow2')
    await runToolOk('qemu-img', ['convert', '-O', 'qcow2', diskOf(filesystemKinds.ext4), image])
    await runToolOk('qemu-img', ['snapshot', '-c', 'first', image])
    await using host = openTestHost(place.path)
    const plan = asPlan(await host.plan('reclaim', { image }))
    expect(plan.warnings).toContainEqual(expect.objectContaining({ id: 'snapshots-dropped', asks: true }))
  })

  test('the report names what is held, where discards are lost, and what each step gives', async () => {
    await using place = await tempPlace()
    const image = place.file('disk.vhd')
    await convertDisk(input(diskOf(filesystemKinds.ntfs)), {
      path: image,
      format: 'vhd',
      subformat: 'fixed',
      compression: 'none',
    })
    await using host = openTestHost(place.path)
    const request = { image: { path: image } }
    const plan = asPlan(await host.plan('reclaim-report', request))
    const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
    expect(state.steps[0] && outcomeOf(state.steps[0])).toMatchObject({
      format: 'vhd',
      filesystems: [{ type: 'ntfs', doubt: null }],
      lost: [{ layer: 'L2', what: 'vhd fixed' }],
      zeros: expect.any(Number) as number,
    })
  })

  test(
    'killed at entries of its journal, the image or what gives room back is there',
    { timeout: 1_800_000 },
    async () => {
      await using place = await tempPlace()
      const small = place.file('small.img')
      await usedFilesystem(filesystemKinds.ext4, small, { size: 24, kept: 4, removed: 8 })
      const disk = place.file('disk.qcow2')
      await runToolOk('qemu-img', ['convert', '-O', 'qcow2', small, disk])
      const [original, masked] = [await digestOf(disk), await digestOf(disk, { withoutFree: true })]
      expect(original).not.toBe(masked)
      const walked = await walkKills({
        operation: 'reclaim',
        oneOf: 3,
        async prepare(folder) {
          await copyFile(disk, join(folder, 'disk.qcow2'))
          return { image: join(folder, 'disk.qcow2') }
        },
        async atAnyTime(folder) {
          expect([original, masked]).toContain(await digestOf(join(folder, 'disk.qcow2')))
        },
        async whenDone(folder) {
          expect(await digestOf(join(folder, 'disk.qcow2'))).toBe(masked)
          expect((await readdir(folder)).filter((one) => one.endsWith('.part'))).toEqual([])
        },
        async whenUndone(folder) {
          expect(await digestOf(join(folder, 'disk.qcow2'))).toBe(original)
          expect((await readdir(folder)).filter((one) => one.endsWith('.part'))).toEqual([])
        },
      })
      expect(walked.resumed).toBeGreaterThanOrEqual(3)
      expect(walked.undone).toBeGreaterThanOrEqual(3)
    },
  )
})
