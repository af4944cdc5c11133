import { existsSync } from 'node:fs'
import { copyFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { walkKills } from '@varve/agent/testing/walk-kills'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { inspectInput } from '@varve/engine/disks/inspect-input'
import { inspectFile } from '@varve/engine/images/inspect-file'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { findPowershell } from '@varve/test-kit/powershell'
import { requires } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { readNotes } from './host/notes.ts'
import { cmdletTables } from './testing/stand-ins.ts'
import { writeFullNtfs } from './testing/full-ntfs.ts'
import { ntfsDisk, ntfsDiskSize, ntfsTools, volumeFolder } from './testing/ntfs-disk.ts'
import { ntfs, writeDisk } from './testing/windows-disk.ts'
import { openSystem } from './testing/windows-system.ts'
import { machineWith, type StandInState } from './testing/windows-stand-in.ts'

const url = pathToFileURL(join(import.meta.dirname, 'testing/windows-system.ts')).href
const stop = new AbortController().signal
/** Several processes with a PowerShell each for each death. */
const walkTime = 600_000

const stateIn = async (folder: string) =>
  JSON.parse(await readFile(join(folder, 'windows.json'), 'utf8')) as StandInState
const imageIn = (folder: string) => join(folder, 'web.vhdx')

/** What is mounted in it, and what is noted of that. */
const mountsIn = async (folder: string) => ({
  disks: (await stateIn(folder)).disks.map(({ isOffline, folders }) => ({ isOffline, folders })),
  notes: (await readNotes(join(folder, 'state/attached'))).map(({ mounts }) =>
    mounts.map((mount) => mount.folder),
  ),
  isFolderThere: existsSync(join(folder, 'mnt')),
})

/** An image with a filesystem of Windows, and the wish to mount it. */
async function prepareMount(folder: string): Promise<object> {
  await writeDisk(join(folder, 'ntfs.raw'), ntfs)
  await prepare(folder, null, 'ntfs.raw')
  const state = await stateIn(folder)
  const change = { machines: [], keepsOffline: true }
  await writeFile(join(folder, 'windows.json'), JSON.stringify({ ...state, ...change }))
  const image = { path: imageIn(folder), format: null, reading: {} }
  return { image, folder: join(folder, 'mnt'), inUse: 'refuse' }
}

async function plantDisk(folder: string): Promise<void> {
  const disk = Buffer.alloc(4 * 1024 ** 2, 'varve ')
  disk.set(mbrSector(disk.length))
  await writeFile(join(folder, 'disk.raw'), disk)
}

async function carryOut(host: TestHost, operation: string, request: object): Promise<void> {
  const plan = await host.plan(operation, request)
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
  const { error } = await host.runs.start({ plan, request, accepted: [] }, { stop })
  if (error) throw new Error(error.message)
}

/** A machine that is off with a checkpoint, or none. */
async function prepare(folder: string, checkpoint: string | null, disk = 'disk.raw'): Promise<void> {
  await using system = await openSystem(folder)
  await using host = openTestHost(folder, system)
  const run = async (operation: string, request: object) => carryOut(host, operation, request)
  await plantDisk(folder)
  const source = { path: join(folder, disk), format: null, reading: {} }
  await run('convert', { sources: [source], target: imageIn(folder), format: 'vhdx' })
  const state = await stateIn(folder)
  const machine = machineWith(imageIn(folder), { state: 'Off' })
  await writeFile(join(folder, 'windows.json'), JSON.stringify({ ...state, machines: [machine] }))
  if (checkpoint !== null) await run('snapshot-create', { image: imageIn(folder), name: checkpoint })
}

describe.skipIf(process.platform !== 'linux' || findPowershell() === null || cmdletTables() === null)(
  'on Windows, killed',
  () => {
    test.each([true, false])(
      'an attachment is whole or not there, and never nobody’s; the modules are there: %s',
      async (hasModules) => {
        const attached = async (folder: string) => ({
          disks: (await stateIn(folder)).disks.map(({ path }) => path),
          notes: (await readNotes(join(folder, 'state/attached'))).map(({ image }) => image),
        })
        const walked = await walkKills({
          operation: 'attach',
          system: { openSystem, url },
          async prepare(folder) {
            await prepare(folder, null)
            const state = await stateIn(folder)
            await writeFile(
              join(folder, 'windows.json'),
              JSON.stringify({ ...state, machines: [], hasModules }),
            )
            return { image: { path: imageIn(folder), format: null, reading: {} }, inUse: 'refuse' }
          },
          // What is attached is noted.
          async atAnyTime(folder) {
            const { disks, notes } = await attached(folder)
            expect(disks.filter((path) => !notes.includes(path))).toEqual([])
          },
          async whenDone(folder) {
            expect(await attached(folder)).toEqual({ disks: [imageIn(folder)], notes: [imageIn(folder)] })
          },
          async whenUndone(folder) {
            expect(await attached(folder)).toEqual({ disks: [], notes: [] })
          },
          oneOf: 3,
        })
        expect(walked.resumed).toBeGreaterThan(0)
      },
      walkTime,
    )

    test.skipIf(!requires('mkfs.ntfs'))(
      'a mount is whole, or nothing of it is left, and never nobody’s',
      async () => {
        const walked = await walkKills({
          operation: 'mount',
          system: { openSystem, url },
          prepare: prepareMount,
          // What is mounted is noted, and so is the folder that was made.
          async atAnyTime(folder) {
            const { disks, notes, isFolderThere } = await mountsIn(folder)
            const mounted = disks.flatMap(({ folders }) => Object.values(folders).flat())
            const isMade = mounted.length > 0 || isFolderThere || disks.some(({ isOffline }) => !isOffline)
            if (isMade) expect(notes).toEqual([[join(folder, 'mnt')]])
          },
          async whenDone(folder) {
            const mnt = join(folder, 'mnt')
            expect(await mountsIn(folder)).toEqual({
              disks: [{ isOffline: false, folders: { 1: [`${mnt}\\`] } }],
              notes: [[mnt]],
              isFolderThere: true,
            })
          },
          async whenUndone(folder) {
            expect(await mountsIn(folder)).toEqual({ disks: [], notes: [], isFolderThere: false })
          },
          oneOf: 5,
        })
        expect(walked.resumed).toBeGreaterThan(0)
      },
      walkTime,
    )

    test.skipIf(!requires('mkfs.ntfs'))(
      'an unmount that was begun is ended, and finds what is left',
      async () => {
        const walked = await walkKills({
          operation: 'umount',
          system: { openSystem, url },
          async prepare(folder) {
            const request = await prepareMount(folder)
            await using system = await openSystem(folder)
            await using host = openTestHost(folder, system)
            const plan = await host.plan('mount', request)
            if (plan.kind === 'refusal') throw new Error('it is refused')
            const { error } = await host.runs.start({ plan, request, accepted: [] }, { stop })
            if (error) throw new Error(error.message)
            await rm(join(folder, 'runs'), { recursive: true })
            return { folder: join(folder, 'mnt') }
          },
          async atAnyTime(folder) {
            const { disks, notes, isFolderThere } = await mountsIn(folder)
            expect(notes.length).toBeGreaterThanOrEqual(disks.length)
            if (isFolderThere) expect(notes).toEqual([[join(folder, 'mnt')]])
          },
          async whenDone(folder) {
            expect(await mountsIn(folder)).toEqual({ disks: [], notes: [], isFolderThere: false })
          },
          oneOf: 5,
        })
        expect(walked.resumed).toBeGreaterThan(0)
      },
      walkTime,
    )

    test(
      'what Hyper-V writes is there whole and proven, or not at all',
      async () => {
        const digestIn = async (path: string) =>
          (await digestDisk({ kind: 'image', path, roots: null, format: null }, { inUse: 'accept' })).digest
        const copyIn = async (folder: string) =>
          (await readdir(folder)).filter((name) => name.startsWith('copy') || name.endsWith('.part'))
        const walked = await walkKills({
          operation: 'convert',
          system: { openSystem, url },
          async prepare(folder) {
            await prepare(folder, null)
            const source = { path: imageIn(folder), format: null, reading: {} }
            return { sources: [source], target: join(folder, 'copy.vhdx'), format: 'vhdx', by: 'hyper-v' }
          },
          async atAnyTime(folder) {
            if ((await copyIn(folder)).includes('copy.vhdx'))
              expect(await digestIn(join(folder, 'copy.vhdx'))).toBe(await digestIn(imageIn(folder)))
          },
          async whenDone(folder) {
            expect(await copyIn(folder)).toEqual(['copy.vhdx'])
            expect(await digestIn(join(folder, 'copy.vhdx'))).toBe(await digestIn(imageIn(folder)))
          },
          async whenUndone(folder) {
            expect(await copyIn(folder)).toEqual([])
          },
          oneOf: 5,
        })
        expect(walked.undone).toBeGreaterThan(0)
      },
      walkTime,
    )

    test(
      'an image that Hyper-V gives another parent has its disk at any time',
      async () => {
        const chainIn = async (folder: string) => {
          const image = { kind: 'image', path: join(folder, 'over.vhdx'), roots: null, format: null } as const
          const { chain } = await inspectInput(image)
          return chain.map(({ path }) => basename(path))
        }
        const walked = await walkKills({
          operation: 'chain-repoint',
          system: { openSystem, url },
          async prepare(folder) {
            // Of files only: no Windows is asked for them.
            await using host = openTestHost(folder)
            await plantDisk(folder)
            const source = { path: join(folder, 'disk.raw'), format: null, reading: {} }
            const over = {
              target: join(folder, 'over.vhdx'),
              format: 'vhdx',
              parent: { path: imageIn(folder) },
            }
            await carryOut(host, 'convert', { sources: [source], target: imageIn(folder), format: 'vhdx' })
            await carryOut(host, 'create', over)
            await copyFile(imageIn(folder), join(folder, 'other.vhdx'))
            const image = join(folder, 'over.vhdx')
            return { image, parent: join(folder, 'other.vhdx'), by: 'hyper-v' }
          },
          async atAnyTime(folder) {
            const [image, parent] = await chainIn(folder)
            expect(image).toBe('over.vhdx')
            expect(['web.vhdx', 'other.vhdx']).toContain(parent)
          },
          async whenDone(folder) {
            expect(await chainIn(folder)).toEqual(['over.vhdx', 'other.vhdx'])
          },
          async whenUndone(folder) {
            expect(await chainIn(folder)).toEqual(['over.vhdx', 'web.vhdx'])
            expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
          },
          oneOf: 11,
        })
        expect(walked.undone).toBeGreaterThan(0)
      },
      walkTime,
    )

    test(
      'a machine stands on the checkpoint, or on what it stood on before',
      async () => {
        const machineIn = async (folder: string) => {
          const [machine] = (await stateIn(folder)).machines
          if (!machine) throw new Error('there is no machine')
          return machine
        }
        const walked = await walkKills({
          operation: 'snapshot-apply',
          system: { openSystem, url },
          async prepare(folder) {
            await prepare(folder, 'first')
            return { image: imageIn(folder), name: 'first' }
          },
          async atAnyTime(folder) {
            const { checkpoints, parentId } = await machineIn(folder)
            expect(checkpoints.map(({ id }) => id)).toContain(parentId)
            expect(checkpoints[0]?.name).toBe('first')
          },
          async whenDone(folder) {
            const { checkpoints, parentId } = await machineIn(folder)
            expect(checkpoints.map(({ name }) => name.replace(/-\w+$/u, ''))).toEqual([
              'first',
              'varve-before',
            ])
            expect(parentId).toBe(checkpoints[0]?.id)
          },
          async whenUndone(folder) {
            const { checkpoints, parentId } = await machineIn(folder)
            expect(checkpoints.map(({ name }) => name)).toEqual(['first'])
            expect(parentId).toBe(checkpoints[0]?.id)
          },
          oneOf: 11,
        })
        expect(walked.resumed).toBeGreaterThan(0)
      },
      walkTime,
    )

    test.skipIf(!requires(...ntfsTools))(
      'a grow has the image as it was or as it is to be, and no disk is left attached',
      async () => {
        const sizeIn = async (folder: string) =>
          (await inspectFile(imageIn(folder), { roots: null })).virtualSize
        const leftIn = async (folder: string) => ({
          disks: (await stateIn(folder)).disks.map(({ path }) => path),
          notes: (await readNotes(join(folder, 'state/attached'))).map(({ image }) => image),
          hidden: (await readdir(folder)).filter((name) => name.includes('.part')),
        })
        const nothing = { disks: [], notes: [], hidden: [] }
        const walked = await walkKills({
          operation: 'grow',
          system: { openSystem, url },
          async prepare(folder) {
            await using system = await openSystem(folder)
            await using host = openTestHost(folder, system)
            const raw = join(folder, 'disk.raw')
            await ntfsDisk(raw)
            const sources = [{ path: raw, format: null, reading: {} }]
            const request = { sources, target: imageIn(folder), format: 'vhdx' }
            const plan = await host.plan('convert', request)
            if (plan.kind === 'refusal') throw new Error('it was refused')
            await host.runs.start({ plan, request, accepted: [] }, { stop })
            const state = {
              ...(await stateIn(folder)),
              volumeFolder: await volumeFolder(join(folder, 'volume')),
            }
            await writeFile(join(folder, 'windows.json'), JSON.stringify(state))
            return { image: imageIn(folder), size: 2 * ntfsDiskSize, isAdded: false }
          },
          async atAnyTime(folder) {
            expect([ntfsDiskSize, 2 * ntfsDiskSize]).toContain(await sizeIn(folder))
            // What is attached is a copy, and noted.
            const { disks, notes } = await leftIn(folder)
            expect(disks.filter((path) => !notes.includes(path) || path === imageIn(folder))).toEqual([])
          },
          async whenDone(folder) {
            expect(await sizeIn(folder)).toBe(2 * ntfsDiskSize)
            expect(await leftIn(folder)).toEqual(nothing)
          },
          async whenUndone(folder) {
            expect(await sizeIn(folder)).toBe(ntfsDiskSize)
            expect(await leftIn(folder)).toEqual(nothing)
          },
          oneOf: 29,
        })
        expect(walked.resumed).toBeGreaterThan(0)
      },
      // A run of it takes a quarter of a minute here, and each death takes two.
      2 * walkTime,
    )

    test.skipIf(!requires('mkfs.ntfs'))(
      'what is compacted in place is the same disk, and nothing stays attached',
      async () => {
        const digestOf = async (folder: string) => {
          await using system = await openSystem(folder)
          await using host = openTestHost(folder, system)
          const address = { path: imageIn(folder), format: null, reading: { withoutFree: true } }
          const request = { image: address, inUse: 'refuse', sha256: false }
          const plan = await host.plan('digest', request)
          if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
          const state = await host.runs.start({ plan, request, accepted: [] }, { stop })
          return state.steps[0]?.told
        }
        const before = new Map<string, { digest: unknown; size: number }>()
        const walked = await walkKills({
          operation: 'reclaim',
          accepted: ['in-place'],
          system: { openSystem, url },
          async prepare(folder) {
            await writeFullNtfs(join(folder, 'ntfs.raw'), 40 * 1024 ** 2)
            await prepare(folder, null, 'ntfs.raw')
            const state = await stateIn(folder)
            await writeFile(join(folder, 'windows.json'), JSON.stringify({ ...state, machines: [] }))
            before.set(folder, { digest: await digestOf(folder), size: (await stat(imageIn(folder))).size })
            return { image: imageIn(folder), inPlace: true }
          },
          // What is attached is noted.
          async atAnyTime(folder) {
            const notes = (await readNotes(join(folder, 'state/attached'))).map(({ image }) => image)
            const { disks } = await stateIn(folder)
            expect(disks.filter(({ path }) => !notes.includes(path))).toEqual([])
          },
          async whenDone(folder) {
            expect((await stateIn(folder)).disks).toEqual([])
            expect(await digestOf(folder)).toBe(before.get(folder)?.digest)
            expect((await stat(imageIn(folder))).size).toBeLessThan(before.get(folder)?.size ?? 0)
          },
          oneOf: 11,
        })
        expect(walked.resumed).toBeGreaterThan(0)
      },
      walkTime,
    )
  },
)
