import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import type { RunState } from '@varve/operations/runs/run-state'
import type { TempPlace } from '@varve/test-kit/temp-place'
import { runTool, runToolOk } from '@varve/test-kit/tools'
import { expect } from 'vitest'
import { adapters, readPlaces } from './adapters.ts'
import { blankDisk, filesOf, manyFiles, onLoop, putExt4 } from './guest-disks.ts'
import type { StandInLvm } from './stand-in-lvm.ts'

const mib = 1024 ** 2

/** What a process of a walk of kills works with. */
export const standInSystem = {
  adapters,
  readPlaces,
  url: pathToFileURL(join(import.meta.dirname, 'adapters.ts')).href,
}

/** The name of a volume `vm` that was kept. */
export const kept = /^vm-before-[0-9a-f]{8}$/u

export const hostIn = (folder: string) => openTestHost(folder, { adapters, readPlaces })

export async function run(host: TestHost, operation: string, request: unknown): Promise<RunState> {
  const plan = await host.plan(operation, request)
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join(', '))
  const state = await host.runs.start(
    { plan, request, accepted: plan.warnings.map(({ id }) => id) },
    { stop: new AbortController().signal },
  )
  if (state.phase !== 'succeeded') throw new Error(`${state.phase}: ${state.error?.message ?? ''}`)
  return state
}

/** A disk of 40 MiB with a GPT and an ext4 of 36 MiB in it. */
export async function diskIn(place: TempPlace): Promise<{ readonly path: string; readonly files: string }> {
  const path = await blankDisk({
    path: place.file('a.raw'),
    size: 40,
    table: 'label: gpt\nstart=2048, size=73728, uuid=44444444-4444-4444-8444-4444444444BB\n',
  })
  await putExt4(path, { from: await manyFiles(place.file('from')), start: 1, size: 36 })
  return { path, files: await onLoop(path, { start: mib, size: 36 * mib }, filesOf) }
}

const ways = { thin: ['--thinpool', 'pool', '--virtualsize'], thick: ['--size'] } as const

/** The volume `vm` with the disk of a file. */
export async function volumeOf(lvm: StandInLvm, path: string, way: keyof typeof ways): Promise<string> {
  const { size } = await readFile(path).then(({ length }) => ({ size: length }))
  await lvcreate(lvm, 'vm', [...ways[way], `${size}b`])
  const device = `/dev/${lvm.group}/vm`
  await runToolOk('dd', [`if=${path}`, `of=${device}`, 'bs=1M', 'conv=fsync', 'status=none'])
  return device
}

export async function lvcreate({ group }: StandInLvm, name: string, size: readonly string[]): Promise<void> {
  await runToolOk('lvm', ['lvcreate', '--name', name, '--addtag', 'test', ...size, group])
}

export async function sizeOf(device: string): Promise<number> {
  return Number(await runToolOk('blockdev', ['--getsize64', device]))
}

export const bytesOf = async (device: string) => readFile(device)

/** The disk has that size, a GPT that ends with it, and the files that it had. */
export async function isResult(device: string, files: string, size: number): Promise<void> {
  expect(await sizeOf(device)).toBe(size)
  expect(await runToolOk('sgdisk', ['--verify', device])).toContain('No problems found')
  const end = Number(/^ +1 +\d+ +(\d+)/mu.exec(await runToolOk('sgdisk', ['--print', device]))?.[1])
  await onLoop(device, { start: mib, size: (end + 1) * 512 - mib }, async (part) => {
    expect((await runTool('e2fsck', ['-f', '-n', part])).exitCode).toBe(0)
    expect(await filesOf(part)).toBe(files)
  })
}

/** Nothing of a run is attached, and no volume has a hidden name. */
export async function nothingIsLeft(lvm: StandInLvm): Promise<void> {
  const volumes = await lvm.volumes()
  expect(volumes.filter((name) => name.startsWith('varve-'))).toEqual([])
  const loops = await runToolOk('losetup', ['--list', '--noheadings', '-O', 'BACK-FILE'])
  // Others have loop devices of their own meanwhile.
  const own = [`${process.env['VARVE_STAND_IN'] ?? ''}/varve-new`, `/dev/${lvm.group}/varve-new`]
  const isOwn = (file: string) => own.some((start) => file.startsWith(start))
  expect(loops.split('\n').filter(isOwn)).toEqual([])
}

export async function removeAll(lvm: StandInLvm): Promise<void> {
  for (const name of await lvm.volumes()) {
    const uuid = (await readFile(join(process.env['VARVE_STAND_IN'] ?? '', `${name}.uuid`), 'utf8')).trim()
    await runToolOk('lvm', ['lvremove', '--select', `lv_name=${name} && lv_uuid=${uuid}`, lvm.group])
  }
}
