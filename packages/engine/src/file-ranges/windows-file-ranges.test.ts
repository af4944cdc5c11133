import { describe, expect, test } from 'vitest'
import { describeFileRanges, type RangesPlace } from './testing/file-ranges-contract.ts'
import { type StandInVolume, WindowsStandIn } from './testing/windows-stand-in.ts'
import { windowsError } from './windows-error.ts'
import { windowsFileRanges } from './windows-file-ranges.ts'

const MiB = 1024 * 1024

function placeOn(volume: StandInVolume, isSparse: boolean): RangesPlace {
  const windows = new WindowsStandIn(volume)
  const ranges = windowsFileRanges(windows)
  return {
    ranges,
    create(name, size, pieces) {
      const fd = windows.create(name, 0)
      if (isSparse) ranges.keepHoles(fd, name)
      windows.write(fd, size, new Uint8Array())
      for (const [at, bytes] of pieces) windows.write(fd, at, bytes)
      return fd
    },
    read: (fd) => windows.read(fd),
    path: (name) => name,
    exists: (name) => windows.has(name),
    async [Symbol.asyncDispose]() {},
  }
}

describeFileRanges('Windows, NTFS', async () => placeOn('NTFS', true))
describeFileRanges('Windows, NTFS without holes', async () => placeOn('NTFS', false))
describeFileRanges('Windows, ReFS', async () => placeOn('ReFS', true))
describeFileRanges('Windows, no control at all', async () => placeOn('FAT32', false))

describe('file ranges of Windows', () => {
  test('holes are found among more ranges than Windows tells at once', () => {
    const windows = new WindowsStandIn('NTFS')
    const ranges = windowsFileRanges(windows)
    const fd = windows.create('many.raw', 0)
    expect(ranges.keepHoles(fd, 'many.raw')).toBe(true)
    const starts = Array.from({ length: 300 }, (_, index) => index * 8192)
    for (const at of starts) windows.write(fd, at, new Uint8Array(4096).fill(1))
    for (const at of starts) {
      expect(ranges.nextData(fd, at)).toBe(at)
      expect(ranges.nextHole(fd, at + 5)).toBe(at + 4096)
    }
    expect(ranges.nextHole(fd, 4096)).toBe(4096)
    expect(ranges.nextData(fd, 4097)).toBe(8192)
  })

  test.each(['a.vhdx', 'A.VHD', 'a.avhdx', '.a.vhdx.x1.part'])('%s is never made sparse', (name) => {
    const windows = new WindowsStandIn('NTFS')
    const ranges = windowsFileRanges(windows)
    const fd = windows.create(name, 0)
    windows.write(fd, 0, new Uint8Array(MiB).fill(7))
    expect(ranges.keepHoles(fd, name)).toBe(false)
    expect(ranges.punchHole(fd, { start: 0, end: MiB })).toBe(false)
    expect(windows.read(fd)[0]).toBe(7)
    expect(windows.asked).not.toContain(0x0009_00c4)
  })

  test('a file that is not sparse has no hole to be filled, and one that is gets none filled', () => {
    const windows = new WindowsStandIn('NTFS')
    const ranges = windowsFileRanges(windows)
    const [whole, sparse] = [windows.create('whole.raw', MiB), windows.create('sparse.raw', 0)]
    ranges.keepHoles(sparse, 'sparse.raw')
    expect(ranges.allocate(whole, { start: 0, end: MiB })).toBe(true)
    expect(ranges.allocate(sparse, { start: 0, end: MiB })).toBe(false)
  })

  test('blocks are shared on ReFS only, 2 GiB at a time', () => {
    const [refs, ntfs] = [new WindowsStandIn('ReFS'), new WindowsStandIn('NTFS')]
    for (const windows of [refs, ntfs]) {
      const fds = ['a', 'b'].map((name) => windows.create(name, MiB))
      const clone = { sourceFd: fds[0] ?? 0, sourceAt: 0, targetFd: fds[1] ?? 0, targetAt: 0, length: MiB }
      expect(windowsFileRanges(windows).cloneRange(clone)).toBe(windows === refs)
    }
    const lengths: number[] = []
    const calls = new WindowsStandIn('ReFS')
    calls.control = (_, __, question) => {
      lengths.push(Number(new DataView(question.buffer).getBigInt64(24, true)))
      return { error: 0, returned: 0 }
    }
    const large = { sourceFd: 0, sourceAt: 0, targetFd: 1, targetAt: 0, length: 5 * 2 ** 30 }
    expect(windowsFileRanges(calls).cloneRange(large)).toBe(true)
    expect(lengths).toEqual([2 ** 31, 2 ** 31, 2 ** 30])
  })

  test('the place of a file: filesystem, room, what the file is set as, the medium', () => {
    const windows = new WindowsStandIn('ReFS')
    const fd = windows.create('D:\\a.vhdx', 1)
    const ranges = windowsFileRanges(windows)
    expect(ranges.filesystemOf('D:\\a.vhdx')).toEqual({
      filesystem: 'ReFS',
      mountPoint: 'D:\\',
      free: 2 ** 30,
      total: 2 ** 31,
      copyOnWrite: true,
      media: 'SSD',
    })
    windows.setAttributes(fd, 0x20 | 0x200 | 0x4000)
    expect(ranges.filesystemOf('D:\\a.vhdx').attributes).toEqual(['sparse', 'encrypted'])
    const calls = windowsFileRanges(Object.assign(new WindowsStandIn('NTFS'), { volumeOf: () => 3 }))
    expect(() => calls.filesystemOf('X:\\')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })

  test('errors have the names that callers know, and the number of Windows', () => {
    expect([5, 32, 112, 183, 206, 1117].map((code) => windowsError(code, 'CreateFileW').code)).toEqual([
      'EACCES',
      'EBUSY',
      'ENOSPC',
      'EEXIST',
      'ENAMETOOLONG',
      'EIO',
    ])
    expect(windowsError(32, 'MoveFileExW').message).toBe('MoveFileExW: EBUSY, error 32 of Windows')
    const ranges = windowsFileRanges(Object.assign(new WindowsStandIn('NTFS'), { move: () => 32 }))
    expect(() => ranges.renameNoReplace('a', 'b')).toThrow(expect.objectContaining({ code: 'EBUSY' }))
  })
})
