import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { startWindows, type Windows } from '@varve/wine/start-windows'
import { bundleTests } from '@varve/wine/testing/bundle-tests'
import type { Told } from '@varve/wine/testing/small-vitest'
import { hasWindows } from '@varve/wine/testing/windows-of-tests'
import { placePrograms, windowsPaths } from '@varve/wine/windows-programs'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fleet, root } from './fleet.ts'
import { writeNoisyDisk } from './noisy-disk.ts'

const MiB = 1024 * 1024
const onWindows = resolve(root, 'packages/agent-windows/src/testing/on-windows.ts')

const isReady = requires('qemu-img', 'qemu-io') && (await hasWindows())

describe.skipIf(!isReady)('this checkout as Windows programs', () => {
  let place: TempPlace
  let windows: Windows
  let fleet: Fleet
  let disk: string

  beforeAll(async () => {
    place = await tempPlace()
    disk = place.file('disk.raw')
    windows = await startWindows(place.path)
    await mkdir(join(windows.work, 'images'))
    await writeNoisyDisk(disk, { size: 96 * MiB, data: 24 * MiB })
    await placePrograms(join(windows.work, 'varve'))
    fleet = await Fleet.start(place.file('fleet'), { joined: true })
    await joinWindows()
  })
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]()
    await windows?.[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  /** The agent of Windows joins by a token and starts, with one library. */
  async function joinWindows(): Promise<void> {
    const { text } = await fleet.api.trust.makeToken.mutate({ pattern: 'wine' })
    const url = fleet.url.replace('http:', 'https:')
    const own = ['--name', 'wine', '--data', String.raw`C:\varve`]
    const joined = await windows.run(windowsPaths.node, [windowsPaths.agent, 'join', url, text, ...own])
    expect(joined).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('joined as wine') })
    const library = ['--library', String.raw`images=z:\WORK\Images`]
    await windows.start(windowsPaths.node, [
      windowsPaths.agent,
      '--controller',
      fleet.url,
      ...library,
      ...own,
    ])
  }

  const image = (name: string) => join(windows.work, 'images', name)

  async function provide(name: string, format: string): Promise<void> {
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, disk, image(name)])
  }

  /** What the command of Windows came to, with its one document. */
  async function varve(...args: readonly string[]) {
    const { exitCode, stdout, stderr } = await windows.run('cmd', [
      '/c',
      windowsPaths.varve,
      ...args,
      '--json',
    ])
    return { exitCode, stderr, said: JSON.parse(stdout === '' ? '{}' : stdout) as Record<string, unknown> }
  }

  async function digestOf(path: string): Promise<unknown> {
    const { stdout } = await execa(
      process.execPath,
      ['packages/cli/bin/varve.mjs', 'digest', path, '--json'],
      {
        cwd: root,
      },
    )
    return JSON.parse(stdout)
  }

  async function sameDisk(format: string, path: string): Promise<void> {
    const said = await runToolOk('qemu-img', ['compare', '-f', 'raw', '-F', format, disk, path])
    expect(said).toContain('Images are identical.')
  }

  test('file ranges, long names and open files, as far as Wine has them', async () => {
    await bundleTests(onWindows, join(windows.work, 'on-windows.cjs'), windowsPaths.koffi)
    const { stdout, stderr } = await windows.run(windowsPaths.node, [String.raw`Z:\work\on-windows.cjs`])
    expect(stderr).toBe('')
    const told = JSON.parse(stdout) as Told[]
    expect(told.filter(({ error }) => error !== null)).toEqual([])
    expect(told.length).toBeGreaterThan(12)
  })

  test('a digest is that of Linux, and a conversion holds the same disk', async () => {
    await provide('digest me.qcow2', 'qcow2')
    const there = await varve('digest', String.raw`Z:\work\images\digest me.qcow2`)
    expect(there.stderr).toBe('')
    expect(JSON.stringify(there.said)).toContain(digestIn(await digestOf(image('digest me.qcow2'))))
    const target = String.raw`Z:\work\images\ünïcödé 磁盘.vhdx`
    const converted = await varve('convert', String.raw`Z:\work\images\digest me.qcow2`, target)
    expect(converted).toMatchObject({ exitCode: 0, stderr: '' })
    await sameDisk('vhdx', image('ünïcödé 磁盘.vhdx'))
  })

  test('the container of an image grows in its place, and undo brings the original back', async () => {
    await provide('grow.vhdx', 'vhdx')
    const path = String.raw`Z:\work\images\grow.vhdx`
    const before = await digestOf(image('grow.vhdx'))
    const grown = await varve('grow', path, '--to', '128M', '--partition', 'none', '--yes')
    expect(grown).toMatchObject({ exitCode: 0, said: { virtualSize: 128 * MiB } })
    expect(await runToolOk('qemu-img', ['info', image('grow.vhdx')])).toContain('128 MiB')
    expect(await varve('runs', String(grown.said['run']), '--undo', '--yes')).toMatchObject({ exitCode: 0 })
    expect(digestIn(await digestOf(image('grow.vhdx')))).toBe(digestIn(before))
  })

  test('names that Windows takes for something else are refused, and none is written to', async () => {
    await provide('plain.qcow2', 'qcow2')
    const before = await readdir(join(windows.work, 'images'))
    for (const name of ['NUL.raw', 'com1', 'a.raw:stream', 'dot.raw.']) {
      const { exitCode, said } = await varve(
        'convert',
        String.raw`Z:\work\images\plain.qcow2`,
        `Z:\\work\\images\\${name}`,
        '-O',
        'raw',
      )
      expect([name, exitCode === 0, JSON.stringify(said)]).toEqual([
        name,
        false,
        expect.stringContaining('its name'),
      ])
    }
    const taken = await varve(
      'convert',
      String.raw`Z:\work\images\plain.qcow2`,
      String.raw`Z:\work\images\PLAIN.qcow2`,
    )
    expect(taken.exitCode).not.toBe(0)
    await runToolOk('qemu-img', ['convert', '-O', 'qcow2', disk, join(fleet.library('north'), 'plain.qcow2')])
    const there = await fleet.image('north', 'plain.qcow2')
    const device = { name: 'aux.vhdx', format: 'vhdx', targetHost: 'wine' } as const
    await expect(fleet.start(there, device)).rejects.toThrow('its name is that of a device of Windows, AUX')
    expect(await readdir(join(windows.work, 'images'))).toEqual(before)
  })

  test('an image that a program of Windows has open for writing is in use', async () => {
    await provide('held.qcow2', 'qcow2')
    await writeFile(
      join(windows.work, 'hold.mjs'),
      "import { openSync } from 'node:fs'\nopenSync(process.argv[2], 'r+')\nconsole.log('held')\nsetInterval(() => {}, 1000)\n",
    )
    const holder = await windows.start(windowsPaths.node, [
      String.raw`Z:\work\hold.mjs`,
      String.raw`Z:\work\images\held.qcow2`,
    ])
    await expect.poll(async () => await holder.said(), { timeout: 10_000 }).toContain('held')
    const convert = async () =>
      await varve('convert', String.raw`Z:\work\images\held.qcow2`, String.raw`Z:\work\images\of-held.vhdx`)
    const refused = await convert()
    expect([refused.exitCode === 0, JSON.stringify(refused.said)]).toEqual([
      false,
      expect.stringContaining('open for writing'),
    ])
    await holder.kill()
    expect(await convert()).toMatchObject({ exitCode: 0 })
  })

  test('a migration from Windows to Linux, and one back, with equal digests', async () => {
    await provide('from-windows.qcow2', 'qcow2')
    const there = await fleet.image('wine', 'from-windows.qcow2')
    const away = await fleet.start(there, { name: 'from-windows.vmdk', format: 'vmdk' })
    expect(await fleet.ended(away.id, 100)).toMatchObject({ state: 'succeeded' })
    await sameDisk('vmdk', join(fleet.library('south'), 'from-windows.vmdk'))
    const moved = await fleet.image('south', 'from-windows.vmdk')
    const back = await fleet.start(moved, { name: 'back.vhdx', format: 'vhdx', targetHost: 'wine' })
    expect(await fleet.ended(back.id, 100)).toMatchObject({ state: 'succeeded' })
    await sameDisk('vhdx', image('back.vhdx'))
    expect(await readdir(join(windows.work, 'images'))).not.toContainEqual(expect.stringMatching(/\.part$/u))
    expect(await fleet.image('wine', 'back.vhdx')).toMatchObject({
      format: 'vhdx',
      virtualSize: 96 * MiB,
    })
  })
})

/** The digest in a document of `varve digest`. */
function digestIn(document: unknown): string {
  const found = /[0-9a-f]{64}/u.exec(JSON.stringify(document))?.[0]
  if (found === undefined) throw new Error(`there is no digest in ${JSON.stringify(document)}`)
  return found
}
