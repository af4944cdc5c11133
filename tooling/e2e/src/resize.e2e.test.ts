import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunView } from '@varve/protocol/runs'
import { requires, runTool, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Fleet, root, waitFor } from './fleet.ts'

const mib = 1024 ** 2
const table = 'label: gpt\nstart=2048, size=94208, name=root\n'
const needed = ['losetup', 'partx', 'sfdisk', 'mkfs.ext4', 'resize2fs', 'unshare', 'setpriv', 'qemu-img']

function canUseLoop(): boolean {
  if (process.geteuid?.() === 0 && existsSync('/dev/loop-control')) return requires(...needed)
  process.stderr.write('skipped: needs root and loop devices\n')
  return false
}

/** The size and the free space of a disk of another host change there, by its agent: run, undone, killed, resumed, canceled. */
describe.skipIf(!canUseLoop())('grow, shrink and reclaim on a host of the fleet', () => {
  let place: TempPlace
  let disk: string
  let fleet: Fleet

  /** A GPT with one ext4 of 46 MiB, of which a file was deleted that left data behind. */
  beforeAll(async () => {
    place = await tempPlace()
    disk = place.file('disk.raw')
    const from = place.file('from')
    await mkdir(join(from, 'etc'), { recursive: true })
    await writeFile(join(from, 'etc/hostname'), 'web01\n')
    await writeFile(join(from, 'inner.raw'), Buffer.alloc(mib, 3))
    await writeFile(join(from, 'old'), Buffer.alloc(8 * mib, 7))
    await writeFile(disk, '')
    await truncate(disk, 64 * mib)
    await runToolOk('sh', ['-c', 'printf %s "$2" | sfdisk -q "$1"', 'sh', disk, table])
    const at = ['-E', `offset=${mib}`]
    await runToolOk('mkfs.ext4', ['-q', '-F', '-d', from, ...at, disk, '46M'])
    await onPartition(disk, async (device) => runToolOk('debugfs', ['-w', '-R', 'rm old', device]))
  })
  afterAll(async () => place[Symbol.asyncDispose]())
  beforeEach(async (context) => {
    fleet = await Fleet.start(place.file(context.task.id))
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', disk, image()])
    await fleet.image('north', 'web.qcow2')
  })
  afterEach(async () => {
    // A test that failed half-way has left something attached.
    const { attached } = await fleet.api.places.attached.query({ host: 'north' })
    for (const { device, mounts } of attached) {
      for (const { folder } of mounts) await varve('umount', folder)
      await varve('detach', device)
    }
    await fleet[Symbol.asyncDispose]()
  })

  const image = () => join(fleet.library('north'), 'web.qcow2')

  async function onPartition<T>(path: string, work: (device: string) => Promise<T>): Promise<T> {
    const options = ['--find', '--show', '--offset', String(mib), path]
    const device = (await runToolOk('losetup', options)).trim()
    try {
      return await work(device)
    } finally {
      await runToolOk('losetup', ['--detach', device])
    }
  }

  async function varve(...args: readonly string[]) {
    const said = await execa(
      process.execPath,
      [join(root, 'packages/cli/bin/varve.mjs'), ...args, '--host', 'north'],
      {
        reject: false,
        stdin: 'ignore',
        env: { VARVE_CONTROLLER: fleet.url, VARVE_STATE: place.file('state') },
      },
    )
    return { exitCode: said.exitCode, said: `${said.stdout}\n${said.stderr}`, stdout: said.stdout }
  }

  /** Bytes of the disk and of the ext4 in it, which is sound and has its file. */
  async function sizes() {
    const raw = place.file(`${randomUUID()}.raw`)
    await runToolOk('qemu-img', ['convert', '-O', 'raw', image(), raw])
    const seen = await onPartition(raw, async (device) => {
      expect((await runTool('e2fsck', ['-f', '-n', device])).exitCode).toBe(0)
      expect(await runToolOk('debugfs', ['-R', 'cat etc/hostname', device])).toBe('web01')
      const told = await runToolOk('dumpe2fs', ['-h', device])
      const of = (what: string) => Number(new RegExp(`${what}:\\s+(\\d+)`, 'u').exec(told)?.[1])
      return of('Block count') * of('Block size')
    })
    return { disk: (await stat(raw)).size, filesystem: seen }
  }

  async function nothingIsLeft(...kept: readonly string[]): Promise<void> {
    expect(await fleet.files('north')).toEqual([...kept, 'web.qcow2'])
    expect(await runToolOk('losetup', ['--list', '--noheadings', '-O', 'BACK-FILE'])).not.toContain(
      fleet.folder,
    )
  }

  test('grow and shrink by the command, and back by undo', async () => {
    const planned = await varve('grow', 'web.qcow2', '--to', '128M', '--plan')
    expect(planned.said).toContain('Grow web.qcow2 from 64.0 MiB to 128 MiB')
    await nothingIsLeft()
    const grown = await varve('grow', 'web.qcow2', '--to', '128M', '--yes')
    expect(`${grown.exitCode} ${grown.said}`).toMatch(/^0 /u)
    expect(await sizes()).toEqual({ disk: 128 * mib, filesystem: 126 * mib })
    const shrunk = await varve('shrink', 'web.qcow2', '--to', '40M', '--yes')
    expect(`${shrunk.exitCode} ${shrunk.said}`).toMatch(/^0 /u)
    expect((await sizes()).disk).toBe(40 * mib)
    await nothingIsLeft('.varve-quarantine')
    const [newest] = await fleet.api.runs.list.query({})
    await fleet.api.runs.undo.mutate({ id: newest?.id ?? '' })
    await over(newest?.id ?? '')
    expect((await sizes()).disk).toBe(128 * mib)
  })

  test('reclaim reports what is held for nothing, and gives it back', async () => {
    const report = await varve('reclaim', 'web.qcow2', '--report')
    expect(report.said).toContain('Held for nothing')
    const before = (await stat(image())).size
    const done = await varve('reclaim', 'web.qcow2', '--yes')
    expect(`${done.exitCode} ${done.said}`).toMatch(/^0 /u)
    expect((await stat(image())).size).toBeLessThan(before - 7 * mib)
    await sizes()
  })

  test('what cannot be is refused with the way out, and no passphrase is asked for', async () => {
    const locked = await varve('grow', 'web.qcow2', '--to', '128M', '--luks')
    expect(locked.said).toContain('no LUKS volume was found there')
    const shrunk = await varve('shrink', 'web.qcow2', '--to', '2M', '--yes')
    expect(shrunk.exitCode).not.toBe(0)
    const outside = await varve('grow', disk, '--to', '128M', '--yes')
    expect(outside.said).toContain('outside the library')
    await nothingIsLeft()
  })

  test('attach, mount, attached, umount and detach there; the files of the guest are no images', async () => {
    const before = await readFile(image())
    const raw = join(fleet.library('north'), 'plain.raw')
    await copyFile(disk, raw)
    await fleet.image('north', 'plain.raw')
    const attached = async () => {
      const { attached: all } = await fleet.api.places.attached.query({ host: 'north' })
      return all.map(({ image: path, state, mounts }) => ({
        path,
        state,
        folders: mounts.map(({ folder }) => folder),
      }))
    }
    expect((await varve('places')).said).toContain(fleet.library('north'))
    const places = await fleet.api.places.list.query({ host: 'north' })
    expect(places.folders).toMatchObject([{ path: fleet.library('north') }])
    const device = await varve('attach', 'plain.raw')
    expect(`${device.exitCode} ${device.said}`).toMatch(/^0 [^]*\/dev\/loop/u)
    const noted = { path: raw, state: 'live' }
    expect(await attached()).toEqual([{ ...noted, folders: [] }])
    expect((await varve('attached')).said).toContain('plain.raw')
    const folder = join(fleet.library('north'), 'files')
    const mounted = await varve('mount', 'plain.raw:1', 'files')
    expect(`${mounted.exitCode} ${mounted.said}`).toMatch(/^0 /u)
    expect(await readFile(join(folder, 'etc/hostname'), 'utf8')).toBe('web01\n')
    expect(await attached()).toEqual([{ ...noted, folders: [folder] }])
    await fleet.api.fleet.rescan.mutate({ name: 'north' })
    await copyFile(disk, join(fleet.library('north'), 'newer.raw'))
    await fleet.image('north', 'newer.raw')
    const { rows } = await fleet.api.images.list.query({ host: 'north' })
    expect(rows.map(({ name }) => name).toSorted()).toEqual(['newer.raw', 'plain.raw', 'web.qcow2'])
    const elsewhere = await varve('mount', 'plain.raw:1', place.file('elsewhere'))
    expect(elsewhere.said).toContain('outside the library')
    expect((await varve('detach', 'plain.raw')).said).toContain('is mounted at')
    for (const args of [
      ['umount', 'files'],
      ['detach', 'plain.raw'],
    ]) {
      const done = await varve(...args)
      expect(`${done.exitCode} ${done.said}`).toMatch(/^0 /u)
    }
    expect(await attached()).toEqual([])
    expect(existsSync(folder)).toBe(false)
    expect((await readFile(image())).equals(before)).toBe(true)
    expect(await runToolOk('losetup', ['--list', '--noheadings', '-O', 'BACK-FILE'])).not.toContain(
      fleet.folder,
    )
  })

  const start = async (operation: string, request: object) =>
    fleet.api.runs.start.mutate({
      host: 'north',
      operation,
      request: { image: 'web.qcow2', ...request },
      accepted: [],
      idempotencyKey: randomUUID(),
    })

  async function until(id: string, what: string, isThere: (run: RunView) => boolean): Promise<RunView> {
    return await waitFor(what, async () => {
      const run = await fleet.api.runs.get.query({ id })
      return isThere(run) ? run : null
    })
  }

  const over = async (id: string) => until(id, 'the end of the run', ({ finishedAt }) => finishedAt !== null)
  /** Its work is a device of the host. */
  const attached = async (id: string) =>
    until(id, 'the device', ({ steps }) =>
      steps.some((step) => step.id === 'attach' && step.state === 'done'),
    )

  test.each([
    ['grow', { size: 128 * mib }, 128],
    ['shrink', { to: 40 * mib }, 40],
  ] as const)(
    '%s goes on after its agent was killed with a device in hand',
    async (operation, request, size) => {
      const { id } = await start(operation, request)
      await attached(id)
      await fleet.kill('north')
      await fleet.run('north')
      expect(await over(id)).toMatchObject({ state: 'succeeded', error: null })
      expect((await sizes()).disk).toBe(size * mib)
      await nothingIsLeft('.varve-quarantine')
    },
  )

  test('given up after its agent was killed, it leaves nothing: no device, no file', async () => {
    const before = await readFile(image())
    const { id } = await start('grow', { size: 128 * mib })
    await attached(id)
    await fleet.kill('north')
    await fleet.api.runs.cancel.mutate({ id })
    await fleet.run('north')
    expect(await over(id)).toMatchObject({ state: 'canceled', undoFailures: [] })
    expect((await readFile(image())).equals(before)).toBe(true)
    await nothingIsLeft()
  })
})
