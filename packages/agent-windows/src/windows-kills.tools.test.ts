import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
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
import { writeFullNtfs } from './testing/full-ntfs.ts'
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
    test(
      'an attachment is whole or not there, and never nobody’s',
      async () => {
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
            await writeFile(join(folder, 'windows.json'), JSON.stringify({ ...state, machines: [] }))
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
        const now = async (folder: string) => ({
          disks: (await stateIn(folder)).disks.map(({ isOffline, folders }) => ({ isOffline, folders })),
          notes: (await readNotes(join(folder, 'state/attached'))).map(({ mounts }) =>
            mounts.map((mount) => mount.folder),
          ),
          isFolderThere: existsSync(join(folder, 'mnt')),
        })
        const walked = await walkKills({
          operation: 'mount',
          system: { openSystem, url },
          async prepare(folder) {
            await writeDisk(join(folder, 'ntfs.raw'), ntfs)
            await prepare(folder, null, 'ntfs.raw')
            const state = await stateIn(folder)
            const change = { machines: [], keepsOffline: true }
            await writeFile(join(folder, 'windows.json'), JSON.stringify({ ...state, ...change }))
            const image = { path: imageIn(folder), format: null, reading: {} }
            return { image, folder: join(folder, 'mnt'), inUse: 'refuse' }
          },
          // What is mounted is noted, and so is the folder that was made.
          async atAnyTime(folder) {
            const { disks, notes, isFolderThere } = await now(folder)
            const mounted = disks.flatMap(({ folders }) => Object.values(folders).flat())
            const isMade = mounted.length > 0 || isFolderThere || disks.some(({ isOffline }) => !isOffline)
            if (isMade) expect(notes).toEqual([[join(folder, 'mnt')]])
          },
          async whenDone(folder) {
            const mnt = join(folder, 'mnt')
            expect(await now(folder)).toEqual({
              disks: [{ isOffline: false, folders: { 1: [`${mnt}\\`] } }],
              notes: [[mnt]],
              isFolderThere: true,
            })
          },
          async whenUndone(folder) {
            expect(await now(folder)).toEqual({ disks: [], notes: [], isFolderThere: false })
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
          oneOf: 7,
        })
        expect(walked.resumed).toBeGreaterThan(0)
      },
      walkTime,
    )
  },
)
