import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performAction } from '@varve/agent/actions/perform'
import { asifHeader } from '@varve/core/formats/asif/header'
import { findUses } from '@varve/engine/in-use/find-uses'
import { tempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { macNotes, shadowOf } from './host/notes.ts'
import { plistText } from './testing/plist-text.ts'
import { macParts, MacTestHost } from './testing/mac-test-host.ts'

const chunk = 64 * 1024
const size = 8 * chunk

/** An ASIF of one table that holds nothing. */
function asif(): Uint8Array {
  const bytes = new Uint8Array(5 * chunk)
  const header = {
    signature: 'shdw',
    version: 1,
    headerSize: 512,
    flags: 0,
    directoryA: 512,
    directoryB: 1024,
    uuid: new Uint8Array(16),
    sectorCount: size / 512,
    maxSectorCount: 2 ** 40,
    chunkSize: chunk,
    blockSize: 512,
    segments: 0,
    metadataChunk: 0,
  }
  bytes.set(asifHeader.write(header))
  const view = new DataView(bytes.buffer)
  view.setBigUint64(512, 1n)
  view.setBigUint64(512 + 8, 1n)
  view.setBigUint64(1024, 2n)
  view.setBigUint64(1024 + 8, 1n)
  return bytes
}

describe.skipIf(process.platform !== 'linux')('images of macOS, and bad input', () => {
  let host: MacTestHost
  const file = (name: string) => host.place.file(name)
  const wish = (name: string, more: object = {}) => ({
    image: { path: file(name), format: null, reading: {} },
    inUse: 'refuse',
    ...more,
  })

  beforeAll(async () => {
    host = await MacTestHost.open()
    await writeFile(file('disk.raw'), Buffer.alloc(size))
    await writeFile(file('disk.asif'), asif())
    await mkdir(file('a.sparsebundle/bands'), { recursive: true })
    const info = {
      CFBundleInfoDictionaryVersion: '6.0',
      'band-size': chunk,
      'bundle-backingstore-version': 1,
      'diskimage-bundle-type': 'com.apple.diskimage.sparsebundle',
      size,
    }
    await writeFile(file('a.sparsebundle/Info.plist'), plistText(info))
    await writeFile(file('a.sparsebundle/token'), '')
    await writeFile(file('a.sparsebundle/bands/0'), Buffer.alloc(chunk, 1))
  })
  afterAll(async () => host[Symbol.asyncDispose]())
  beforeEach(() => host.stand.reset())

  test('ASIF by diskutil image, and refused before macOS 26', async () => {
    const { plan } = await host.carryOut('attach', wish('disk.asif'))
    const command = ['diskutil', 'image', 'attach', '--plist', '--readOnly', '--noMount', file('disk.asif')]
    expect([await host.shownOf(plan), host.stand.calls()]).toEqual([[command], [command]])
    await host.carryOut('detach', { target: file('disk.asif') })
    expect(host.stand.state().disks).toEqual([])
    await using old = await MacTestHost.open()
    old.stand.change((state) => Object.assign(state, { release: 15 }))
    await writeFile(old.place.file('disk.asif'), asif())
    const image = { path: old.place.file('disk.asif'), format: null, reading: {} }
    expect(await old.refusal('attach', { image, inUse: 'refuse' })).toEqual(['no-way'])
  })

  test('a bundle is one image: its files are in use with it', async () => {
    const bundle = file('a.sparsebundle')
    await host.carryOut('attach', wish('a.sparsebundle', { isWritten: true }), ['image-is-written'])
    const paths = [bundle, join(bundle, 'bands/0'), file('disk.raw')].map((path) => ({ path }))
    const { files } = await findUses(paths, { purpose: 'read', find: host.host.ports.findWriters })
    expect(files.map(({ uses }) => uses.length)).toEqual([1, 1, 0])
    await host.carryOut('detach', { target: bundle })
  })

  test('an image with a licence is not agreed to: it is said, and nothing is left', async () => {
    host.stand.change((state) => Object.assign(state, { licences: [file('disk.raw')], locale: 'zh' }))
    const request = wish('disk.raw')
    const state = await host.start(await host.plan('attach', request), request)
    expect(state).toMatchObject({
      phase: 'failed',
      error: {
        code: 'refused',
        message: expect.stringContaining('licence'),
        details: { finding: 'licence-asked' },
      },
    })
    expect(await readdir(join(host.place.path, 'state/attached'))).toEqual([])
  })

  test('what hangs is ended, keeps its note, and is taken away by its detach when it comes', async () => {
    host.stand.change((state) => Object.assign(state, { hangs: ['hdiutil attach'] }))
    const request = wish('disk.raw')
    const plan = await host.plan('attach', request)
    const stop = new AbortController()
    const running = host.host.runs.start({ plan, request, accepted: [] }, { stop: stop.signal })
    await expect.poll(() => host.stand.state().disks.length, { timeout: 30_000 }).toBe(1)
    stop.abort()
    await running.catch(() => undefined)
    const [run] = await host.host.runs.list()
    const noted = await macNotes.read(join(host.place.path, 'state/attached'))
    expect(noted.map(({ image }) => image)).toEqual([file('disk.raw')])
    host.stand.change((state) => Object.assign(state, { hangs: [] }))
    if (run) await host.host.runs.cancel(run.state.id, { stop: new AbortController().signal })
    expect([host.stand.state().disks, await readdir(join(host.place.path, 'state/attached'))]).toEqual([
      [],
      [],
    ])
  })

  test('agents work on their libraries only, and write shadows nowhere else', async () => {
    await using place = await tempPlace()
    const { parts, stand, tools } = macParts(place.path)
    const [library, other] = [place.file('library'), place.file('other')]
    for (const folder of [library, other]) {
      await mkdir(folder)
      await writeFile(join(folder, 'a.raw'), Buffer.alloc(size))
    }
    const ports = { ...host.host.ports, roots: [library], stateFolder: place.file('state'), tools }
    const context = { ports, signal: new AbortController().signal, isResumed: false, onProgress: () => {} }
    const perform = async (action: string, input: object) =>
      performAction(parts.adapters, { action, input }, context)
    const attach = { by: 'hdiutil', isRaw: true, isReadOnly: true, attachment: 'a1' }
    const outside = { ...attach, image: join(other, 'a.raw') }
    await expect(perform('attach-disk-image', outside)).rejects.toMatchObject({ code: 'outside-library' })
    const inside = { ...attach, image: join(library, 'a.raw') }
    const wrong = { ...inside, shadow: join(other, 'x.shadow') }
    await expect(perform('attach-disk-image', wrong)).rejects.toMatchObject({ code: 'invalid-request' })
    expect(shadowOf(ports, inside.image)).toContain(place.file('state'))
    const { device } = (await perform('attach-disk-image', inside)) as { device: string }
    const folder = { attachment: 'a1', folder: join(other, 'mnt'), isNew: true }
    await expect(perform('prepare-folder', folder)).rejects.toMatchObject({ code: 'outside-library' })
    await expect(
      perform('prepare-folder', { ...folder, folder: library, isNew: false }),
    ).rejects.toMatchObject({ name: 'DiskError' })
    const mount = { attachment: 'a1', image: inside.image, device, partition: null, isApfs: false }
    await expect(
      perform('mount-disk-volume', { ...mount, folder: join(library, 'mnt'), isReadOnly: true }),
    ).rejects.toMatchObject({ code: 'refused' })
    const others = { attachment: 'b2', image: inside.image }
    expect(await perform('detach-disk-image', others)).toEqual({ wasAttached: false })
    expect(stand.state().disks).toHaveLength(1)
    expect(await perform('detach-disk-image', { ...others, attachment: 'a1' })).toEqual({ wasAttached: true })
  })

  test.each([
    ['no image', 'attach-disk-image', { attachment: 'a', by: 'hdiutil', isRaw: true, isReadOnly: true }],
    [
      'another tool',
      'attach-disk-image',
      { attachment: 'a', image: '/a', by: 'dd', isRaw: true, isReadOnly: true },
    ],
    ['another attachment', 'detach-disk-image', { attachment: '../a', image: '/a' }],
    ['a device that is an option', 'detach-disk-image', { attachment: 'a', image: '/a', device: '-force' }],
    [
      'a part for a disk',
      'mount-disk-volume',
      {
        attachment: 'a',
        image: '/a',
        device: '/dev/disk4s1',
        partition: null,
        isApfs: false,
        folder: '/m',
        isReadOnly: true,
      },
    ],
  ])('refused before anything runs: %s', async (_name, action, input) => {
    const { ports } = host.host
    const context = { ports, signal: new AbortController().signal, isResumed: false, onProgress: () => {} }
    const { parts } = macParts(host.place.path)
    await expect(performAction(parts.adapters, { action, input }, context)).rejects.toMatchObject({
      code: 'invalid-request',
    })
    expect(host.stand.calls()).toEqual([])
  })
})
