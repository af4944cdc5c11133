import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assertDownloaded } from '../files/dataless.ts'
import { bootId } from '../in-use/boot-id.ts'
import { copyFile } from '../staging/copy-file.ts'
import { darwinCalls, darwinDefinitions, type DarwinCalls } from './darwin-calls.ts'
import { darwinFileRanges } from './darwin-file-ranges.ts'
import { loadKoffi } from './load-koffi.ts'
import { DarwinStandIn, type StandInVolume } from './testing/darwin-stand-in.ts'
import { describeFileRanges } from './testing/file-ranges-contract.ts'
import { nodeRangesPlace } from './testing/node-ranges-place.ts'

const MiB = 1024 * 1024

async function placeOn(volume: StandInVolume) {
  const macos = new DarwinStandIn(volume)
  return Object.assign(await nodeRangesPlace(darwinFileRanges(macos)), { macos })
}

describe.skipIf(process.platform !== 'linux')('file ranges of macOS', () => {
  describeFileRanges('macOS, APFS', async () => placeOn('apfs'))
  describeFileRanges('macOS, HFS+', async () => placeOn('hfs'))
  describeFileRanges('macOS, SMB', async () => placeOn('smbfs'))

  test('holes are those that the volume names', async () => {
    await using place = await placeOn('apfs')
    const fd = place.create('sparse', 8 * 2 ** 40, [[2 ** 42, new Uint8Array(4096).fill(1)]])
    expect(place.ranges.nextData(fd, 0)).toBe(2 ** 42)
    expect(place.ranges.nextHole(fd, 2 ** 42)).toBe(2 ** 42 + 4096)
    expect(place.ranges.nextData(fd, 2 ** 42 + 4096)).toBeNull()
    expect(() => place.ranges.nextData(-1, 0)).toThrow(expect.objectContaining({ code: 'EBADF' }))
  })

  test('whole blocks are punched, and what is not whole is written', async () => {
    await using place = await placeOn('apfs')
    const fd = place.create('full', MiB + 100, [[0, new Uint8Array(MiB + 100).fill(1)]])
    const before = statSync(place.path('full')).blocks
    expect(place.ranges.punchHole(fd, { start: 1000, end: 2 * MiB })).toBe(true)
    expect(statSync(place.path('full')).blocks).toBeLessThan(before)
    const expected = new Uint8Array(MiB + 100).fill(1, 0, 1000)
    expect(Buffer.compare(place.read(fd), expected)).toBe(0)
    expect(place.macos.asked).toEqual([99])
    // Less than a block is the caller's to write.
    expect(place.ranges.punchHole(fd, { start: 10, end: 900 })).toBe(false)
    expect(place.macos.asked).toEqual([99])
  })

  test('blocks are had in one piece or in several; what is missing inside is not', async () => {
    await using place = await placeOn('apfs')
    const fd = place.create('grown', 4096, [[0, new Uint8Array(4096).fill(1)]])
    place.macos.refused.push(constants.errno.ENOSPC)
    expect(place.ranges.allocate(fd, { start: 0, end: MiB })).toBe(true)
    expect(place.macos.asked).toEqual([42, 42])
    expect(statSync(place.path('grown')).blocks).toBeGreaterThanOrEqual(MiB / 512)
    place.macos.refused.push(constants.errno.ENOSPC, constants.errno.ENOSPC)
    expect(() => place.ranges.allocate(fd, { start: MiB, end: 2 * MiB })).toThrow(
      expect.objectContaining({ code: 'ENOSPC' }),
    )
    const holes = place.create('holes', MiB, [])
    expect(place.ranges.allocate(holes, { start: 0, end: MiB })).toBe(false)
    expect(place.read(holes).length).toBe(MiB)
  })

  test('a copy is a clone of the whole file on APFS, and copied elsewhere', async () => {
    await using place = await tempPlace()
    const original = place.file('a.raw')
    writeFileSync(original, new Uint8Array(MiB).fill(5))
    chmodSync(original, 0o440)
    const options = { signal: AbortSignal.timeout(10_000), onProgress: () => {} }
    for (const volume of ['apfs', 'exfat'] as const) {
      const ranges = darwinFileRanges(new DarwinStandIn(volume))
      const copy = place.file(`${volume}.raw`)
      const copied = await copyFile(original, copy, { ...options, ranges })
      expect(copied).toEqual({ bytes: MiB, sharedBytes: volume === 'apfs' ? MiB : 0 })
      expect(Buffer.compare(readFileSync(copy), readFileSync(original))).toBe(0)
      expect(statSync(copy).mode & 0o777).toBe(0o440)
      await expect(copyFile(original, copy, { ...options, ranges })).rejects.toMatchObject({
        code: 'target-exists',
      })
    }
  })

  test.each([
    ['apfs', { copyOnWrite: true, media: null }],
    ['exfat', { copyOnWrite: false, media: null, traits: ['without-holes'] }],
    ['smbfs', { copyOnWrite: null, media: 'network (SMB)' }],
  ] as const)('the place of a file on %s', async (volume, told) => {
    await using place = await placeOn(volume)
    const fd = place.create('a', 1, [])
    const { filesystem, mountPoint, free, total, ...rest } = place.ranges.filesystemOf(place.path('a'))
    expect([filesystem, mountPoint]).toEqual([volume, '/Volumes/stand-in'])
    expect(free).toBeLessThanOrEqual(total ?? 0)
    expect(rest).toEqual(told)
    expect(place.ranges.keepHoles(fd, place.path('a'))).toBe(volume !== 'exfat')
  })

  test('a volume that is only read says so', async () => {
    await using place = await tempPlace()
    const ranges = darwinFileRanges(new DarwinStandIn('hfs', { isReadOnly: true }))
    expect(ranges.filesystemOf(place.path).traits).toEqual(['read-only', 'without-holes'])
    expect(() => ranges.filesystemOf(place.file('gone'))).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })

  test.each(['x64', 'arm64'])(
    'koffi reads how each call is declared on %s, and looks it up by its name',
    (arch) => {
      const library = loadKoffi().load(null)
      const isOfMac = ([name, result, takes]: ReturnType<typeof darwinDefinitions>['lseek']) => {
        try {
          library.func(name, result, takes)
          return false
        } catch (error) {
          expect(String(error)).toContain(`Cannot find function '${name}'`)
          return true
        }
      }
      const own = Object.values(darwinDefinitions(arch)).filter((definition) => isOfMac(definition))
      const wide = arch === 'x64' ? ['lstat$INODE64', 'statfs$INODE64', 'fstatfs$INODE64'] : []
      expect(own.map(([name]) => name)).toEqual([
        'fclonefileat',
        'renamex_np',
        ...wide,
        'sysctlbyname',
        'getattrlist',
      ])
    },
  )
})

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64' || !requires('gcc'))(
  'the calls of macOS, as koffi makes them to a library with the structures of Apple in C',
  () => {
    let place: TempPlace
    let calls: DarwinCalls

    beforeAll(async () => {
      place = await tempPlace()
      const source = join(import.meta.dirname, 'testing/lib-system.c')
      await runToolOk('gcc', ['-shared', '-fPIC', '-w', '-o', place.file('libSystem.so'), source])
      calls = darwinCalls({ path: place.file('libSystem.so'), arch: 'x64' })
    })
    afterAll(async () => place[Symbol.asyncDispose]())

    describeFileRanges('macOS, through koffi', async () => nodeRangesPlace(darwinFileRanges(calls)))

    test('what C fills in arrives, and errors come with their number', async () => {
      await using own = await nodeRangesPlace(darwinFileRanges(calls))
      const fd = own.create('a', MiB, [[0, new Uint8Array(MiB).fill(1)]])
      expect(own.ranges.punchHole(fd, { start: 0, end: 8192 })).toBe(true)
      expect(own.ranges.nextData(fd, 0)).toBe(8192)
      expect(own.ranges.allocate(fd, { start: 0, end: 2 * MiB })).toBe(false)
      expect(own.ranges.allocate(fd, { start: MiB, end: 2 * MiB })).toBe(true)
      expect(own.ranges.filesystemOf(own.path('a'))).toMatchObject({
        filesystem: 'apfs',
        mountPoint: '/Volumes/Büro',
        copyOnWrite: true,
        media: null,
      })
      expect(own.ranges.cloneFile(fd, own.path('b'))).toBe(true)
      expect(calls.clone(fd, own.path('b'), 0)).toBe(-constants.errno.EEXIST)
      expect(bootId('darwin', calls)).toBe('d03a97d5-1d7b-4c53-9d0f-4d0e2a1b3c4d')
      expect(() => assertDownloaded(own.path('a'), calls)).not.toThrow()
      own.create('away', 1, [])
      expect(() => assertDownloaded(own.path('away'), calls)).toThrow(/iCloud/u)
    })
  },
)
