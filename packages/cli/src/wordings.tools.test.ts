import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { runTool, runToolOk } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { exitCodes } from './exit-codes.ts'
import { varveHere, varveJson } from './testing/varve-here.ts'

const mib = 1024 ** 2
let place: TempPlace
let image: string

beforeEach(async () => {
  place = await tempPlace()
  vi.stubEnv('VARVE_STATE', place.file('state'))
  await mkdir(place.file('lib'))
  image = place.file('lib/disk.raw')
  const disk = Buffer.alloc(4 * mib)
  mbrSector(disk.length).copy(disk)
  await writeFile(image, disk)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await place[Symbol.asyncDispose]()
})

interface Failure {
  readonly error: {
    readonly code: string
    readonly file: string
    readonly message: string
    readonly remedy: string
  }
}

describe('an id that no quarantine has', () => {
  test('is told with the folders that were looked into, and how to list', async () => {
    expect((await varveHere('restore', 'nope')).stderr).toContain(
      'nothing is in any quarantine that is known',
    )
    await varveHere('delete', image, '--yes')
    await mkdir(place.file('other'))
    const said = await varveHere('restore', 'nope', '--folder', place.file('other'))
    expect(said.exitCode).toBe(exitCodes.fileRefused)
    for (const words of [place.file('lib'), place.file('other'), 'varve quarantine', '--folder'])
      expect(said.stderr).toContain(words)
  })
})

describe.each([300, 256])('a name of %i bytes', (length) => {
  test('is refused as one before anything begins, by whatever would make it', async () => {
    const long = place.file(`lib/${'n'.repeat(length - 4)}.raw`)
    for (const call of [
      ['create', long, '--size', '1M', '-O', 'raw'],
      ['convert', image, long],
      ['clone', image, long],
      ['move', image, long],
      ['snapshot', 'create', image, 'n'.repeat(length), '--external', '--yes'],
    ]) {
      const { exitCode, stderr } = await varveHere(...call)
      expect([call[0], exitCode, stderr]).toEqual([
        call[0],
        exitCodes.fileRefused,
        expect.stringContaining('too long'),
      ])
      expect(stderr).toContain('Choose a shorter name.')
    }
    expect(await varveJson('runs')).toEqual([])
    expect(await readdir(place.file('lib'))).toEqual(['disk.raw'])
  })
})

test('a name of 255 bytes is one', async () => {
  const long = place.file(`lib/${'n'.repeat(251)}.raw`)
  expect((await varveHere('convert', image, long)).exitCode).toBe(exitCodes.ok)
  expect((await varveHere('move', long, place.file('lib/short.raw'))).exitCode).toBe(exitCodes.ok)
})

test('what was read from standard input is called so by its run', async () => {
  const command = resolve(import.meta.dirname, '../bin/varve.mjs')
  const target = place.file('lib/new.qcow2')
  await execa(process.execPath, [command, 'convert', '-', target], { input: await readFile(image) })
  expect(await varveJson('runs')).toMatchObject([
    { state: 'succeeded', summary: 'Convert standard input (4.00 MiB) to new.qcow2, qcow2' },
  ])
  expect((await varveHere('runs')).stdout).not.toContain('.part')
})

describe.skipIf(!(await canMount()))('a state folder that is full', () => {
  test('is named, whatever of a run cannot be written down, and the image is not touched', async () => {
    const small = place.file('small')
    await mkdir(small)
    await runToolOk('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small])
    try {
      vi.stubEnv('VARVE_STATE', `${small}/varve`)
      const runs = `${small}/varve/runs`
      await mkdir(runs, { recursive: true })
      const before = await readFile(image)
      let refused = 0
      // Down to where the lock fits, and the journal does not.
      for (const pages of [16, 15, 14, 13, 12]) {
        await writeFile(`${small}/fill`, Buffer.alloc(pages * 4096)).catch(() => {})
        const said = await varveHere('delete', image, '--yes', '--json')
        if (said.exitCode === exitCodes.ok) break
        refused += 1
        expect(said.exitCode).toBe(exitCodes.noSpace)
        const { error } = JSON.parse(said.stdout) as Failure
        expect(error).toMatchObject({ code: 'no-space', file: runs })
        expect(error.message).toContain('state folder')
        expect(error.remedy).toContain('VARVE_STATE')
        expect((await readFile(image)).equals(before)).toBe(true)
        expect(await readdir(place.file('lib'))).toEqual(['disk.raw'])
        expect((await readdir(runs)).filter((name) => name.endsWith('.jsonl'))).toEqual([])
        await writeFile(`${small}/fill`, '')
      }
      expect(refused).toBeGreaterThan(0)
    } finally {
      await runToolOk('umount', [small])
    }
  })
})

async function canMount(): Promise<boolean> {
  if (process.platform !== 'linux') return false
  await using probe = await tempPlace()
  if ((await runTool('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe.path])).exitCode !== 0)
    return false
  await runToolOk('umount', [probe.path])
  return true
}
