import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openTestHost } from '@varve/agent/testing/test-host'
import { walkKills } from '@varve/agent/testing/walk-kills'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { findPowershell } from '@varve/test-kit/powershell'
import { requires } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { readNotes } from './host/notes.ts'
import { cmdletTables } from './testing/stand-ins.ts'
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

/** A machine that is off with a checkpoint, or none. */
async function prepare(folder: string, checkpoint: string | null, disk = 'disk.raw'): Promise<void> {
  await using system = await openSystem(folder)
  await using host = openTestHost(folder, system)
  const run = async (operation: string, request: object) => {
    const plan = await host.plan(operation, request)
    if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ message }) => message).join('; '))
    const { error } = await host.runs.start({ plan, request, accepted: [] }, { stop })
    if (error) throw new Error(error.message)
  }
  const bytes = Buffer.alloc(4 * 1024 ** 2, 'varve ')
  bytes.set(mbrSector(bytes.length))
  await writeFile(join(folder, 'disk.raw'), bytes)
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
          oneOf: 3,
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
          oneOf: 3,
        })
        expect(walked.resumed).toBeGreaterThan(0)
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
          oneOf: 5,
        })
        expect(walked.resumed).toBeGreaterThan(0)
      },
      walkTime,
    )
  },
)
