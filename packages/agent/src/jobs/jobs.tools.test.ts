import { connect } from 'node:net'
import { mkdir, open, readFile, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { memorySource } from '@varve/core/binary/byte-source'
import { rawDisk } from '@varve/core/formats/raw/driver'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { noteEntry } from '@varve/engine/quarantine/index-of-entries'
import { setAside } from '@varve/engine/quarantine/set-aside'
import { measureDisk } from '@varve/engine/disks/measure-disk'
import { diskExport } from '@varve/nbd/exports/disk-export'
import { serveNbd } from '@varve/nbd/server'
import type { NbdExport } from '@varve/nbd/nbd-export'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { memoryPlatform } from '../testing/memory-platform.ts'
import { ScriptedController } from '../testing/scripted-controller.ts'
import type { Platform } from '../platform/platform.ts'
import { startAgent } from '../testing/start-agent.ts'

const mib = 1024 * 1024
const exportName = 'a-token-that-nobody-can-guess-0123456789'
const target = { library: 'images', name: 'copy.raw' }
const exportRequest = {
  kind: 'export' as const,
  library: 'images',
  name: 'disk.raw',
  exportName,
  expiresInSeconds: 600,
}
const release = { kind: 'release' as const, exportName, library: 'images', name: 'disk.raw' }

async function makeFleet(extra: Partial<Platform> = {}) {
  const place = await tempPlace()
  const controller = await new ScriptedController().start()
  const platform = Object.assign(memoryPlatform(), extra)
  const folder = place.file('north')
  const agent = await startAgent({ controller, name: 'north', folder, platform })
  return {
    controller,
    platform,
    folder,
    agent,
    library: agent.library,
    file: (name: string) => join(agent.library, name),
    async [Symbol.asyncDispose]() {
      await agent.stop()
      await controller.stop()
      await place[Symbol.asyncDispose]()
    },
  }
}

/** Serves a disk of data whose reads wait until they are let through. */
async function slowDisk() {
  const inner = diskExport(rawDisk(memorySource(new Uint8Array(16 * mib).fill(7), 'slow')))
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const { promise: reading, resolve: onRead } = Promise.withResolvers<void>()
  const served: NbdExport = {
    ...inner,
    async readInto(bytes, at, options) {
      onRead()
      await gate
      await inner.readInto(bytes, at, options)
    },
  }
  const server = await serveNbd({
    host: '127.0.0.1',
    port: 0,
    resolveExport: async (name) => (name === exportName ? served : null),
  })
  const endpoint = { host: '127.0.0.1', port: server.port, exportName }
  return {
    open,
    reading,
    /** The source's agent vanishes. */
    vanish: () => server.close(),
    pull: (pullId: string) => ({
      kind: 'pull' as const,
      pullId,
      endpoint,
      target,
      format: 'raw' as const,
      subformat: null,
      compression: 'none' as const,
    }),
    async [Symbol.asyncDispose]() {
      open()
      await server.close()
    },
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  return await new Promise<boolean>((resolve) => {
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
  }).finally(() => socket.destroy())
}

describe('export and release', () => {
  test('serves the disk to who knows the name, until it is released', async () => {
    await using fleet = await makeFleet()
    const { controller } = fleet
    await writeFile(fleet.file('disk.raw'), Buffer.alloc(5 * mib, 'x'))
    const { endpoint, virtualSize } = await controller.run<'export'>('north', exportRequest)
    expect(virtualSize).toBe(5 * mib)
    const over = { kind: 'nbd' as const, ...endpoint }
    const direct = await digestDisk({
      kind: 'image',
      path: fleet.file('disk.raw'),
      roots: null,
      format: 'raw',
    })
    expect((await digestDisk(over)).digest).toBe(direct.digest)
    await expect(
      measureDisk({ ...over, exportName: `${exportName}x` }, { format: 'raw', compression: 'none' }),
    ).rejects.toMatchObject({ code: 'nbd-failed' })
    await controller.run<'release'>('north', release)
    await expect(digestDisk(over)).rejects.toMatchObject({ code: 'nbd-failed' })
    await controller.run<'release'>('north', release)
  })

  test('a port is open from the first export to the end of the last', async () => {
    await using fleet = await makeFleet()
    const { controller } = fleet
    await writeFile(fleet.file('disk.raw'), Buffer.alloc(mib))
    const second = { ...exportRequest, exportName: `${exportName}-second` }
    const { endpoint } = await controller.run<'export'>('north', exportRequest)
    expect((await controller.run<'export'>('north', second)).endpoint.port).toBe(endpoint.port)
    await controller.run<'release'>('north', release)
    expect(await isListening(endpoint.port)).toBe(true)
    await controller.run<'release'>('north', { ...release, exportName: second.exportName })
    await expect.poll(() => isListening(endpoint.port)).toBe(false)
    const again = await controller.run<'export'>('north', exportRequest)
    expect(await isListening(again.endpoint.port)).toBe(true)
  })

  test('the host stays awake while a job works, and as long as others read from it', async () => {
    let [works, begun] = [0, 0]
    const keepAwake = () => {
      works += 1
      begun += 1
      return { [Symbol.dispose]: () => void (works -= 1) }
    }
    await using fleet = await makeFleet({ keepAwake })
    await writeFile(fleet.file('disk.raw'), Buffer.alloc(mib))
    await fleet.controller.run<'export'>('north', exportRequest)
    expect(works).toBe(1)
    await fleet.controller.run<'release'>('north', release)
    expect(works).toBe(0)
    await expect(
      fleet.controller.run<'export'>('north', { ...exportRequest, name: 'gone.raw' }),
    ).rejects.toThrow('not-found')
    expect(works).toBe(0)
    expect(begun).toBeGreaterThan(3)
  })

  test('asked twice it is the same export', async () => {
    await using fleet = await makeFleet()
    await writeFile(fleet.file('disk.raw'), Buffer.alloc(mib))
    const first = await fleet.controller.run<'export'>('north', exportRequest)
    expect(await fleet.controller.run<'export'>('north', exportRequest)).toEqual(first)
  })

  test('a source that changed meanwhile fails the release, also when it is asked again', async () => {
    await using fleet = await makeFleet()
    await writeFile(fleet.file('disk.raw'), Buffer.alloc(mib))
    await fleet.controller.run<'export'>('north', exportRequest)
    await truncate(fleet.file('disk.raw'), 2 * mib)
    expect(await fleet.controller.runFailing('north', release)).toMatchObject({
      code: 'source-changed',
      layer: 'L1',
    })
    expect(await fleet.controller.runFailing('north', release)).toMatchObject({ code: 'source-changed' })
  })

  test('an export that expired is closed', async () => {
    await using fleet = await makeFleet()
    await writeFile(fleet.file('disk.raw'), Buffer.alloc(mib))
    const { endpoint } = await fleet.controller.run<'export'>('north', {
      ...exportRequest,
      expiresInSeconds: 1,
    })
    const measure = () => measureDisk({ kind: 'nbd', ...endpoint }, { format: 'raw', compression: 'none' })
    await expect
      .poll(
        () =>
          measure().then(
            () => 'open',
            () => 'closed',
          ),
        { timeout: 20_000 },
      )
      .toBe('closed')
  })

  test('a release of what was never exported is an error', async () => {
    await using fleet = await makeFleet()
    expect(await fleet.controller.runFailing('north', release)).toMatchObject({ code: 'nbd-failed' })
  })

  test('a disk that somebody writes to is not exported', async () => {
    await using fleet = await makeFleet()
    await writeFile(fleet.file('disk.raw'), Buffer.alloc(mib))
    fleet.platform.addWriter(await stat(fleet.file('disk.raw'), { bigint: true }), {
      by: 'process',
      pid: 7,
      command: 'qemu',
      how: 'writes',
    })
    const error = await fleet.controller.runFailing('north', exportRequest)
    expect(error).toMatchObject({ code: 'in-use', layer: 'L1', details: { by: 'qemu (process 7)' } })
  })

  test('it is exported and digested when somebody has said so by name, as long as it does not change', async () => {
    await using fleet = await makeFleet()
    const { controller } = fleet
    await writeFile(fleet.file('disk.raw'), Buffer.alloc(mib, 'x'))
    await using held = await open(fleet.file('disk.raw'), 'r+')
    fleet.platform.addWriter(await held.stat({ bigint: true }), {
      by: 'process',
      pid: 7,
      command: 'qemu',
      how: 'writes',
    })
    const accepted = { inUse: 'accept' } as const
    const { endpoint } = await controller.run<'export'>('north', { ...exportRequest, ...accepted })
    const { library, name } = exportRequest
    const own = await controller.run<'digest'>('north', { kind: 'digest', library, name, ...accepted })
    expect((await digestDisk({ kind: 'nbd', ...endpoint })).digest).toBe(own.digest)
    await held.write(Buffer.from('y'), 0, 1, 4096)
    expect(await controller.runFailing('north', release)).toMatchObject({ code: 'source-changed' })
  })

  test.each([
    ['../../etc/passwd', 'outside-library'],
    ['/etc/passwd', 'outside-library'],
    ['a/../../x', 'outside-library'],
    ['.', 'outside-library'],
    ['nul\0byte', 'outside-library'],
    ['missing.raw', 'not-found'],
    ['link.raw', 'outside-library'],
    ['self', 'not-an-image'],
  ])('the name %j is refused with %s', async (name, code) => {
    await using fleet = await makeFleet()
    await symlink('/etc/passwd', fleet.file('link.raw'))
    await symlink('.', fleet.file('self'))
    expect(await fleet.controller.runFailing('north', { ...exportRequest, name })).toMatchObject({ code })
  })

  test('a library that this agent does not have is refused', async () => {
    await using fleet = await makeFleet()
    const error = await fleet.controller.runFailing('north', { ...exportRequest, library: 'other' })
    expect(error.code).toBe('refused')
  })
})

describe('pull', () => {
  test('canceled, it says so and leaves nothing behind', async () => {
    await using fleet = await makeFleet()
    await using slow = await slowDisk()
    const jobId = fleet.controller.startJob('north', slow.pull('p1'))
    await slow.reading
    expect(await readdir(fleet.library)).toEqual(['.copy.raw.p1.part'])
    fleet.controller.send('north', { kind: 'cancel-job', jobId })
    expect(await fleet.controller.endOf(jobId)).toMatchObject({
      kind: 'failed',
      error: { code: 'canceled', file: 'copy.raw' },
    })
    expect(await readdir(fleet.library)).toEqual([])
  })

  test('an agent that stops removes what it was writing, and says that it was canceled', async () => {
    await using fleet = await makeFleet()
    await using slow = await slowDisk()
    const jobId = fleet.controller.startJob('north', slow.pull('p1'))
    await slow.reading
    await fleet.agent.stop()
    expect(await readdir(fleet.library)).toEqual([])
    expect(await fleet.controller.endOf(jobId)).toMatchObject({ error: { code: 'canceled' } })
  })

  test('without progress it ends by itself', async () => {
    await using fleet = await makeFleet()
    await using slow = await slowDisk()
    const error = await fleet.controller.runFailing('north', slow.pull('p1'), 1)
    expect(error).toMatchObject({ code: 'no-progress', details: { during: 'the pull', seconds: 1 } })
    expect(await readdir(fleet.library)).toEqual([])
  })

  test('when the source vanishes it says so and leaves nothing behind', async () => {
    await using fleet = await makeFleet()
    await using slow = await slowDisk()
    const jobId = fleet.controller.startJob('north', slow.pull('p1'))
    await slow.reading
    slow.open()
    await slow.vanish()
    expect(await fleet.controller.endOf(jobId)).toMatchObject({
      kind: 'failed',
      error: { code: 'nbd-failed' },
    })
    expect(await readdir(fleet.library)).toEqual([])
  })

  test('started again with the same id, the earlier one ends and the later one succeeds', async () => {
    await using fleet = await makeFleet()
    await using slow = await slowDisk()
    const first = fleet.controller.startJob('north', slow.pull('p1'))
    await slow.reading
    const second = fleet.controller.startJob('north', slow.pull('p1'))
    expect(await fleet.controller.endOf(first)).toMatchObject({ kind: 'failed' })
    slow.open()
    expect(await fleet.controller.endOf(second)).toMatchObject({
      kind: 'succeeded',
      result: { kind: 'pull', virtualSize: 16 * mib },
    })
    const progress = fleet.controller.memory.reports.filter(({ jobId }) => jobId === second)
    expect(progress.length).toBeGreaterThan(0)
  })

  test('it goes on while the controller is away, and its end arrives afterwards', async () => {
    await using fleet = await makeFleet()
    await using slow = await slowDisk()
    const jobId = fleet.controller.startJob('north', slow.pull('p1'))
    await slow.reading
    await fleet.controller.stop()
    slow.open()
    await expect
      .poll(async () => (await stat(fleet.file('.copy.raw.p1.part'))).size, { timeout: 20_000 })
      .toBe(16 * mib)
    await fleet.controller.start()
    expect(await fleet.controller.endOf(jobId)).toMatchObject({ kind: 'succeeded', result: { kind: 'pull' } })
    expect(fleet.controller.memory.hellos[1]?.jobs).toEqual([jobId])
    expect(fleet.controller.memory.manifests).toHaveLength(1)
  })

  test('a name that is taken is refused before anything is read, and that file stays', async () => {
    await using fleet = await makeFleet()
    await using slow = await slowDisk()
    await writeFile(fleet.file('copy.raw'), 'mine')
    for (const request of [slow.pull('p1'), { ...slow.pull('p1'), kind: 'measure' as const }]) {
      expect(await fleet.controller.runFailing('north', request)).toMatchObject({ code: 'target-exists' })
    }
    expect(await readFile(fleet.file('copy.raw'), 'utf8')).toBe('mine')
  })

  test.each([
    ['vmdk', 'vmfsSparse'],
    ['parallels', 'fixed'],
    ['qcow2', 'fixed'],
  ] as const)(
    '%s of the kind %s, which it lacks or which is not written, is refused',
    async (format, subformat) => {
      await using fleet = await makeFleet()
      await using slow = await slowDisk()
      for (const kind of ['pull', 'measure'] as const) {
        const request = { ...slow.pull('p1'), kind, format, subformat }
        expect(await fleet.controller.runFailing('north', request)).toMatchObject({ code: 'refused' })
      }
      expect(await readdir(fleet.library)).toEqual([])
    },
  )

  test('a symlink in the place of the part file is replaced, not followed', async () => {
    await using fleet = await makeFleet()
    await using slow = await slowDisk()
    slow.open()
    const victim = join(fleet.folder, 'victim')
    await writeFile(victim, 'mine')
    await symlink(victim, fleet.file('.copy.raw.p1.part'))
    await fleet.controller.run<'pull'>('north', slow.pull('p1'))
    expect(await readFile(victim, 'utf8')).toBe('mine')
  })
})

describe.skipIf(!requires('mount', 'umount') || process.getuid?.() !== 0)('a target without space', () => {
  test('is refused when it is measured, and leaves nothing behind when it fills up', async () => {
    await using place = await tempPlace()
    await mkdir(place.file('images'))
    await runToolOk('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'varve-test', place.file('images')])
    try {
      await using controller = await new ScriptedController().start()
      await using agent = await startAgent({ controller, name: 'south', folder: place.path })
      await using slow = await slowDisk()
      slow.open()
      const measure = { ...slow.pull('p1'), kind: 'measure' as const }
      expect(await controller.runFailing('south', measure)).toMatchObject({ code: 'no-space', layer: 'L1' })
      expect(await controller.runFailing('south', slow.pull('p1'))).toMatchObject({ code: 'no-space' })
      expect(await readdir(agent.library)).toEqual([])
    } finally {
      await runToolOk('umount', [place.file('images')])
    }
  })
})

describe('verify, publish and discard', () => {
  async function pulled() {
    const fleet = await makeFleet()
    await using slow = await slowDisk()
    slow.open()
    const { digest } = await fleet.controller.run<'pull'>('north', slow.pull('p1'))
    return { ...fleet, digest, part: fleet.file('.copy.raw.p1.part') }
  }

  test('a flipped bit is found, and nothing is published by it', async () => {
    await using fleet = await pulled()
    const bytes = await readFile(fleet.part)
    bytes.writeUInt8(bytes.readUInt8(9 * mib) ^ 1, 9 * mib)
    await writeFile(fleet.part, bytes)
    const verify = {
      kind: 'verify' as const,
      pullId: 'p1',
      target,
      format: 'raw' as const,
      subformat: null,
      expected: fleet.digest,
    }
    expect(await fleet.controller.runFailing('north', verify)).toMatchObject({
      code: 'digest-mismatch',
      layer: 'L3',
      details: { expected: fleet.digest },
    })
    expect(await readdir(fleet.library)).toEqual(['.copy.raw.p1.part'])
  })

  test('publish gives the name, and succeeds again, also after a restart of the agent', async () => {
    await using fleet = await pulled()
    const publish = {
      kind: 'publish' as const,
      pullId: 'p1',
      target,
      format: 'raw' as const,
      subformat: null,
    }
    await fleet.controller.run<'publish'>('north', publish)
    await fleet.controller.run<'publish'>('north', publish)
    await fleet.agent.stop()
    await using _again = await startAgent({
      controller: fleet.controller,
      name: 'north',
      folder: fleet.folder,
    })
    await fleet.controller.run<'publish'>('north', publish)
    expect(await readdir(fleet.library)).toEqual(['copy.raw'])
  })

  test('publish never takes the place of another file, even when its own part is gone', async () => {
    await using fleet = await pulled()
    const publish = {
      kind: 'publish' as const,
      pullId: 'p1',
      target,
      format: 'raw' as const,
      subformat: null,
    }
    await writeFile(fleet.file('copy.raw'), 'mine')
    expect(await fleet.controller.runFailing('north', publish)).toMatchObject({ code: 'target-exists' })
    await rm(fleet.part)
    expect(await fleet.controller.runFailing('north', publish)).toMatchObject({ code: 'part-missing' })
    expect(await readFile(fleet.file('copy.raw'), 'utf8')).toBe('mine')
  })

  test('discard stops a pull and removes its part, and nothing else', async () => {
    await using fleet = await makeFleet()
    await using slow = await slowDisk()
    const discard = {
      kind: 'discard' as const,
      pullId: 'p1',
      target,
      format: 'raw' as const,
      subformat: null,
    }
    await writeFile(fleet.file('.copy.raw.p2.part'), 'of another pull')
    const jobId = fleet.controller.startJob('north', slow.pull('p1'))
    await slow.reading
    await fleet.controller.run<'discard'>('north', discard)
    await fleet.controller.run<'discard'>('north', discard)
    expect(await fleet.controller.endOf(jobId)).toMatchObject({ kind: 'failed' })
    expect(await readdir(fleet.library)).toEqual(['.copy.raw.p2.part'])
  })
})

describe('inspect and digest', () => {
  test('answer about one image, the source untouched', async () => {
    await using fleet = await makeFleet()
    await writeFile(fleet.file('disk.raw'), Buffer.alloc(5 * mib, 'x'))
    const before = await stat(fleet.file('disk.raw'), { bigint: true })
    const place = { library: 'images', name: 'disk.raw' }
    const { report } = await fleet.controller.run<'inspect'>('north', { kind: 'inspect', ...place })
    expect(report.virtualSize).toBe(5 * mib)
    const result = await fleet.controller.run<'digest'>('north', { kind: 'digest', ...place })
    const direct = await digestDisk({
      kind: 'image',
      path: fleet.file('disk.raw'),
      roots: null,
      format: 'raw',
    })
    expect(result).toMatchObject({ digest: direct.digest, virtualSize: 5 * mib, dataBytes: 5 * mib })
    expect(fleet.controller.memory.manifests).toMatchObject([{ digest: direct.digest, part: 0, parts: 1 }])
    const after = await stat(fleet.file('disk.raw'), { bigint: true })
    expect([after.mtimeNs, after.ctimeNs]).toEqual([before.mtimeNs, before.ctimeNs])
  })
})

describe('quarantine', () => {
  test('lists what lies in the libraries, and nothing of elsewhere', async () => {
    await using fleet = await makeFleet()
    const list = async () => await fleet.controller.run<'quarantine'>('north', { kind: 'quarantine' })
    expect(await list()).toEqual({ kind: 'quarantine', entries: [], more: 0, faults: [] })
    await mkdir(fleet.file('office'))
    await writeFile(fleet.file('office/disk.raw'), Buffer.alloc(4096, 'x'))
    const elsewhere = join(fleet.folder, 'elsewhere.raw')
    await writeFile(elsewhere, Buffer.alloc(4096, 'y'))
    const kept = { why: 'deleted', roots: null } as const
    await setAside(fleet.file('office/disk.raw'), { ...kept, id: 'of-the-library' })
    const entry = await setAside(elsewhere, { ...kept, id: 'of-elsewhere' })
    // What the host remembers of other folders, where the command was used.
    await noteEntry(join(fleet.folder, 'data'), elsewhere, entry.manifest.id)
    await mkdir(fleet.file('.varve-quarantine/damaged'), { recursive: true })
    await writeFile(fleet.file('.varve-quarantine/damaged/manifest.json'), '{')
    expect(await list()).toMatchObject({
      entries: [{ id: 'of-the-library', why: 'deleted', image: fleet.file('office/disk.raw'), bytes: 4096 }],
      faults: [{ code: 'corrupt' }],
    })
  })
})
