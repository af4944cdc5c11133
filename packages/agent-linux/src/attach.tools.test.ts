import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openTestHost, type TestHost } from '@varve/agent/testing/test-host'
import { walkKills } from '@varve/agent/testing/walk-kills'
import { attachedNow } from '@varve/engine/attached/attached-now'
import { reserveDevice } from '@varve/engine/attached/registry'
import { findUses } from '@varve/engine/in-use/find-uses'
import { kernelRoots } from '@varve/engine/in-use/attached-device'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { runTool, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { adapters } from './testing/adapters.ts'
import { codeOfAction } from './testing/code-of-action.ts'
import { canUseLoop, loopsOf, partitionedDisk } from './testing/loop-devices.ts'

const stop = new AbortController().signal
const url = pathToFileURL(join(import.meta.dirname, 'testing/adapters.ts')).href
/** Some twenty processes, one after the other. */
const walkTime = 900_000

const hostIn = (folder: string) => openTestHost(folder, { adapters })
const registryOf = (folder: string) => ({ folder: join(folder, 'run/attached'), roots: kernelRoots })
const stateIn = async (folder: string) =>
  (await attachedNow(registryOf(folder))).map(({ state, note }) => ({ state, image: note.image }))

async function run(host: TestHost, operation: string, request: unknown) {
  const plan = await host.plan(operation, request)
  if (plan.kind === 'refusal') throw new Error(plan.problems.map(({ id }) => id).join(', '))
  const accepted = plan.warnings.map(({ id }) => id)
  return await host.runs.start({ plan, request, accepted }, { stop })
}

async function refusalOf(host: TestHost, operation: string, request: unknown): Promise<string> {
  const plan = await host.plan(operation, request)
  return plan.kind === 'refusal' ? (plan.problems[0]?.id ?? '') : plan.kind
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

/** A raw disk with a hostile name. */
async function diskIn(place: TempPlace, name = `it's "a"\n$(disk).raw`): Promise<string> {
  await mkdir(place.file('from'))
  await writeFile(place.file('from/words'), 'some words\n')
  const path = place.file(name)
  await partitionedDisk(place.file('made.raw'), place.file('from'))
  await copyFile(place.file('made.raw'), path)
  return path
}

describe.skipIf(!canUseLoop())('a raw image as a device', () => {
  test('is attached read-only with its partitions, named as a use, and detached; the image is not changed', async () => {
    await using place = await tempPlace()
    const path = await diskIn(place)
    const before = await digestOf(path)
    await using host = hostIn(place.path)
    const attached = await run(host, 'attach', { image: { path } })
    expect(attached.phase).toBe('succeeded')
    const [device = ''] = await loopsOf(path)
    expect(attached.steps.at(-1)?.attempts.at(-1)?.outcome).toMatchObject({
      device,
      readOnly: true,
      partitions: [{ number: 1, device: `${device}p1`, start: 1024 ** 2, size: 14 * 1024 ** 2 }],
    })
    expect((await runTool('dd', ['if=/dev/zero', `of=${device}`, 'bs=512', 'count=1'])).exitCode).not.toBe(0)
    expect(await stateIn(place.path)).toEqual([{ state: 'live', image: path }])
    const { attachedFolder } = { attachedFolder: registryOf(place.path).folder }
    const uses = await findUses([{ path }], { purpose: 'move', attachedFolder })
    expect(uses.files[0]?.uses).toEqual([{ by: 'loop', device }])
    expect(await refusalOf(host, 'attach', { image: { path } })).toBe('already-attached')
    expect(await refusalOf(host, 'attach', { image: { path }, isWritten: true })).toBe('already-attached')
    expect((await run(host, 'detach', { target: device })).phase).toBe('succeeded')
    expect(await loopsOf(path)).toEqual([])
    expect(await readdir(registryOf(place.path).folder)).toEqual([])
    expect(await refusalOf(host, 'detach', { target: path })).toBe('not-attached')
    expect(await digestOf(path)).toBe(before)
  })

  test('is mounted at a new folder; a busy folder is not unmounted; all of it goes with the mount', async () => {
    await using place = await tempPlace()
    const path = await diskIn(place)
    const before = await digestOf(path)
    const folder = place.file(`m "t"`)
    await using host = hostIn(place.path)
    expect((await run(host, 'mount', { image: { path }, partition: 1, folder })).phase).toBe('succeeded')
    expect(await readFile(join(folder, 'words'), 'utf8')).toBe('some words\n')
    await expect(writeFile(join(folder, 'new'), '')).rejects.toMatchObject({ code: 'EROFS' })
    expect(await refusalOf(host, 'mount', { image: { path }, partition: 1, folder })).toBe('folder-used')
    const child = spawn('sleep', ['60'], { cwd: folder, stdio: 'ignore' })
    await once(child, 'spawn')
    expect(await refusalOf(host, 'umount', { folder })).toBe('in-use')
    child.kill()
    await once(child, 'exit')
    expect((await run(host, 'umount', { folder })).phase).toBe('succeeded')
    expect([existsSync(folder), await loopsOf(path), await stateIn(place.path)]).toEqual([false, [], []])
    expect(await digestOf(path)).toBe(before)
  })

  test('what is attached is used by a mount, and stays when that ends; a folder that was there stays too', async () => {
    await using place = await tempPlace()
    const path = await diskIn(place)
    const folder = place.file('mine')
    await mkdir(folder)
    await using host = hostIn(place.path)
    await run(host, 'attach', { image: { path } })
    await run(host, 'mount', { image: { path }, folder })
    expect(await loopsOf(path)).toHaveLength(1)
    expect(await refusalOf(host, 'detach', { target: path })).toBe('in-use')
    await run(host, 'umount', { folder })
    expect([existsSync(folder), await loopsOf(path)]).toEqual([
      true,
      [expect.stringMatching(/^\/dev\/loop/u)],
    ])
    await run(host, 'detach', { target: path })
    expect(await loopsOf(path)).toEqual([])
  })

  test('a finished run is undone by its journal', async () => {
    await using place = await tempPlace()
    const path = await diskIn(place)
    await using host = hostIn(place.path)
    const { id } = await run(host, 'mount', { image: { path }, folder: place.file('m') })
    expect((await host.runs.undo(id, { stop })).phase).toBe('undone')
    expect([existsSync(place.file('m')), await loopsOf(path), await stateIn(place.path)]).toEqual([
      false,
      [],
      [],
    ])
  })

  test('a damaged partition table gives a device without partitions', async () => {
    await using place = await tempPlace()
    const path = place.file('a.raw')
    await writeFile(
      path,
      Buffer.concat([Buffer.alloc(510, 0xff), Buffer.from([0x55, 0xaa]), Buffer.alloc(1024 ** 2)]),
    )
    await using host = hostIn(place.path)
    const attached = await run(host, 'attach', { image: { path, format: 'raw' } })
    expect(attached.steps.at(-1)?.attempts.at(-1)?.outcome).toMatchObject({ partitions: [] })
    await run(host, 'detach', { target: path })
    expect(await loopsOf(path)).toEqual([])
  })

  test('a device of somebody else is never taken away', async () => {
    await using place = await tempPlace()
    const path = await diskIn(place)
    await using host = hostIn(place.path)
    const device = (await runToolOk('losetup', ['--find', '--show', '--read-only', path])).trim()
    try {
      expect(await refusalOf(host, 'detach', { target: path })).toBe('not-attached')
      const registry = registryOf(place.path)
      const wanted = { how: 'loop', isReadOnly: true, isThrowAway: false, purpose: 'attach' } as const
      const other = await reserveDevice(registry, { ...wanted, id: 'other', image: place.file('made.raw') })
      expect(other.device).not.toBe(device)
      await writeFile(join(registry.folder, 'other.json'), JSON.stringify({ ...other, device }))
      await run(host, 'detach', { target: place.file('made.raw') })
      expect(await loopsOf(path)).toEqual([device])
    } finally {
      await runToolOk('losetup', ['--detach', device])
    }
  })

  test('a device that somebody else took after a death is given up for another one', async () => {
    await using place = await tempPlace()
    const path = await diskIn(place)
    const registry = registryOf(place.path)
    const wanted = { how: 'loop', isReadOnly: true, isThrowAway: false, purpose: 'attach' } as const
    const first = await reserveDevice(registry, { ...wanted, id: 'mine', image: path })
    expect((await reserveDevice(registry, { ...wanted, id: 'mine', image: path })).device).toBe(first.device)
    await runToolOk('losetup', ['--read-only', first.device, place.file('made.raw')])
    try {
      const again = await reserveDevice(registry, { ...wanted, id: 'mine', image: path })
      expect(again.device).not.toBe(first.device)
      expect((await attachedNow(registry)).map(({ note }) => note.device)).toEqual([again.device])
    } finally {
      await runToolOk('losetup', ['--detach', first.device])
    }
  })

  test('an image that somebody writes to is not attached unless that is said', async () => {
    await using place = await tempPlace()
    const path = await diskIn(place)
    await using host = hostIn(place.path)
    const child = spawn('sh', ['-c', 'exec 3>>"$1"; echo ready; read -r line', 'sh', path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      await once(child.stdout, 'data')
      expect(await refusalOf(host, 'attach', { image: { path } })).toBe('in-use')
      expect(await refusalOf(host, 'attach', { image: { path }, isWritten: true })).toBe('in-use')
      expect(await host.plan('attach', { image: { path }, inUse: 'accept' })).toMatchObject({
        kind: 'plan',
        warnings: [{ id: 'in-use', severity: 'warn' }],
      })
    } finally {
      child.stdin.end('\n')
      await once(child, 'exit')
    }
  })

  test('an agent attaches and mounts what lies in its libraries, there alone', async () => {
    await using place = await tempPlace()
    const outside = await diskIn(place)
    const library = place.file('lib')
    await mkdir(library)
    const path = join(library, 'a.raw')
    await copyFile(outside, path)
    const before = await digestOf(path)
    await using agent = openTestHost(place.path, { adapters, roots: [library] })
    for (const operation of ['attach', 'mount'])
      expect(
        await refusalOf(agent, operation, { image: { path: outside }, folder: join(library, 'm') }),
      ).toBe('outside-library')
    for (const folder of [place.file('m'), library, '/mnt', join(library, '../m')])
      expect(await refusalOf(agent, 'mount', { image: { path }, folder })).toBe('outside-library')
    expect(
      await refusalOf(agent, 'mount', { image: { path }, folder: join(library, 'm'), isLuks: true }),
    ).toBe('no-key-over-network')
    const folder = join(library, 'm')
    await run(agent, 'mount', { image: { path }, folder })
    expect(await readdir(folder)).not.toEqual([])
    expect(await refusalOf(agent, 'detach', { target: path })).toBe('in-use')
    await run(agent, 'umount', { folder })
    await run(agent, 'attach', { image: { path } })
    const [device = ''] = await loopsOf(path)
    expect(device).not.toBe('')
    await run(agent, 'detach', { target: device })
    expect([existsSync(folder), await loopsOf(path), await stateIn(place.path)]).toEqual([false, [], []])
    expect(await digestOf(path)).toBe(before)
  })

  test('an agent leaves alone what the command has attached and mounted elsewhere', async () => {
    await using place = await tempPlace()
    const path = await diskIn(place)
    const library = place.file('lib')
    await mkdir(library)
    const folder = place.file('m')
    await using host = hostIn(place.path)
    await using agent = openTestHost(place.path, { adapters, roots: [library] })
    await run(host, 'mount', { image: { path }, folder })
    const [noted] = await attachedNow(registryOf(place.path))
    const { id: attachment, device } = noted?.note ?? { id: '', device: '' }
    expect(await refusalOf(agent, 'umount', { folder })).toBe('not-mounted')
    expect(await refusalOf(agent, 'detach', { target: device })).toBe('not-attached')
    const act = async (action: string, input: object) => codeOfAction(agent, action, input)
    const mounted = { attachment, device, partition: 1, folder: join(library, 'n'), type: 'ext4' }
    const options = ['ro', 'nosuid', 'nodev', 'noexec', 'noload']
    expect(await act('unmount-folder', { attachment, device, folder })).toBe('refused')
    expect(await act('release-folder', { attachment, folder, isNew: true })).toBe('refused')
    expect(await act('prepare-folder', { attachment, folder: join(library, 'n'), isNew: true })).toBe(
      'refused',
    )
    expect(await act('mount-filesystem', { ...mounted, options })).toBe('refused')
    expect(existsSync(join(library, 'n'))).toBe(false)
    expect(await readdir(folder)).not.toEqual([])
    // What is its own is mounted with no other options than those that a plan has, and nowhere else.
    const own = join(library, 'a.raw')
    await copyFile(path, own)
    await run(agent, 'mount', { image: { path: own }, folder: join(library, 'n') })
    const mine = (await attachedNow(registryOf(place.path))).find(({ note }) => note.image === own)?.note
    const wanted = { image: own, how: 'loop', isReadOnly: true, isThrowAway: false, purpose: 'attach' }
    expect(await act('reserve-device', { ...wanted, attachment: `${mine?.id ?? ''}-x` })).toBe(
      'invalid-request',
    )
    const again = { ...mounted, attachment: mine?.id ?? '', device: mine?.device ?? '' }
    for (const change of [
      { options: [...options, 'suid'] },
      { options: ['rw'] },
      { options, folder: '/mnt' },
      { options, mapped: '/dev/mapper/varve-other-vg-root' },
    ])
      expect(['refused', 'outside-library']).toContain(await act('mount-filesystem', { ...again, ...change }))
    expect(await act('prepare-folder', { ...again, folder: '/mnt', isNew: false })).toBe('outside-library')
    await run(agent, 'umount', { folder: join(library, 'n') })
    await run(host, 'umount', { folder })
    expect(await stateIn(place.path)).toEqual([])
  })

  test(
    'a device that somebody else took after it was chosen: the run goes on with another',
    { timeout: 120_000 },
    async () => {
      await using place = await tempPlace()
      const path = await diskIn(place)
      const other = place.file('other.raw')
      await copyFile(path, other)
      await using host = hostIn(place.path)
      const request = { image: { path } }
      const plan = await host.plan('attach', request)
      if (plan.kind === 'refusal') throw new Error('it was refused')
      const death = new AbortController()
      const cut = await host.runs.start(
        { plan, request, accepted: [] },
        {
          stop: death.signal,
          onChange({ steps }) {
            if (steps.find(({ step }) => step.id === 'reserve')?.phase === 'done') death.abort()
          },
        },
      )
      expect(cut.phase).toBe('running')
      const [chosen] = await attachedNow(registryOf(place.path))
      const device = chosen?.note.device ?? ''
      await runToolOk('losetup', [device, other])
      try {
        const ended = await host.runs.resume(cut.id, { stop: new AbortController().signal })
        expect([ended.phase, ended.error]).toEqual(['succeeded', null])
        const [now] = await loopsOf(path)
        expect(now).toMatch(/^\/dev\/loop/u)
        expect(now).not.toBe(device)
        await run(host, 'detach', { target: path })
        expect(await loopsOf(other)).toEqual([device])
      } finally {
        await runToolOk('losetup', ['--detach', device])
      }
    },
  )

  test(
    'attach, killed at every entry of its journal: it goes on or is undone, and the image stays as it is',
    { timeout: walkTime },
    async () => {
      await using place = await tempPlace()
      const path = await diskIn(place)
      const before = await digestOf(path)
      const image = (folder: string) => join(folder, 'a.raw')
      const walked = await walkKills({
        operation: 'attach',
        system: { adapters, url },
        async prepare(folder) {
          await copyFile(path, image(folder))
          return { image: { path: image(folder) } }
        },
        async atAnyTime(folder) {
          expect(await digestOf(image(folder))).toBe(before)
          // Whatever is behind a device is known.
          const loops = await loopsOf(image(folder))
          const known = (await attachedNow(registryOf(folder))).map(({ note }) => note.device)
          expect(loops.filter((device) => !known.includes(device))).toEqual([])
        },
        async whenDone(folder) {
          expect(await stateIn(folder)).toEqual([{ state: 'live', image: image(folder) }])
          expect(await loopsOf(image(folder))).toHaveLength(1)
          await using host = hostIn(folder)
          await run(host, 'detach', { target: image(folder) })
          expect(await loopsOf(image(folder))).toEqual([])
        },
        async whenUndone(folder) {
          expect([await loopsOf(image(folder)), await stateIn(folder)]).toEqual([[], []])
        },
      })
      expect(walked.resumed).toBeGreaterThanOrEqual(6)
      expect(walked.undone).toBeGreaterThanOrEqual(5)
    },
  )

  test(
    'mount, killed at every entry of its journal: umount or the undo takes all of it away',
    { timeout: walkTime },
    async () => {
      await using place = await tempPlace()
      const path = await diskIn(place)
      const before = await digestOf(path)
      const image = (folder: string) => join(folder, 'a.raw')
      const walked = await walkKills({
        operation: 'mount',
        system: { adapters, url },
        async prepare(folder) {
          await copyFile(path, image(folder))
          return { image: { path: image(folder) }, folder: join(folder, 'm') }
        },
        async atAnyTime(folder) {
          expect(await digestOf(image(folder))).toBe(before)
        },
        async whenDone(folder) {
          expect(await readFile(join(folder, 'm/words'), 'utf8')).toBe('some words\n')
          await using host = hostIn(folder)
          await run(host, 'umount', { folder: join(folder, 'm') })
          expect([existsSync(join(folder, 'm')), await loopsOf(image(folder))]).toEqual([false, []])
        },
        async whenUndone(folder) {
          expect([
            existsSync(join(folder, 'm')),
            await loopsOf(image(folder)),
            await stateIn(folder),
          ]).toEqual([false, [], []])
        },
      })
      expect(walked.resumed).toBeGreaterThanOrEqual(9)
      expect(walked.undone).toBeGreaterThanOrEqual(8)
    },
  )
})
