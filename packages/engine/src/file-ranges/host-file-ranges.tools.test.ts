import { statSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { canMount, mountedPlace } from '@varve/test-kit/mounted-place'
import { linuxFileRanges } from './linux-file-ranges.ts'
import { portableFileRanges } from './portable-file-ranges.ts'
import { describeFileRanges } from './testing/file-ranges-contract.ts'
import { nodeRangesPlace } from './testing/node-ranges-place.ts'

describeFileRanges('portable', async () => nodeRangesPlace(portableFileRanges))

describe.skipIf(!(await canMount()))('on filesystems that share blocks', () => {
  const kinds = [
    ['Btrfs', ['mkfs.btrfs', '-q'], true],
    ['XFS with reflinks', ['mkfs.xfs', '-q', '-m', 'reflink=1'], true],
    ['XFS without', ['mkfs.xfs', '-q', '-m', 'reflink=0'], false],
  ] as const
  test.each(kinds)('%s', async (_, make, shares) => {
    await using place = await nodeRangesPlace(linuxFileRanges, async () => mountedPlace(make))
    const source = place.create('from', 2 ** 20, [[0, new Uint8Array(2 ** 20).fill(4)]])
    const target = place.create('to', 2 ** 20, [])
    expect(linuxFileRanges.filesystemOf(place.path('from'))).toMatchObject({
      filesystem: make[0].slice('mkfs.'.length),
      copyOnWrite: shares,
      media: expect.stringMatching(/^loop device, 400 MiB$/u),
    })
    const clone = { sourceFd: source, sourceAt: 0, targetFd: target, targetAt: 2 ** 19, length: 2 ** 19 }
    expect(linuxFileRanges.cloneRange(clone)).toBe(shares)
    expect(place.read(target)[2 ** 20 - 1]).toBe(shares ? 4 : 0)
  })

  describeFileRanges('linux on Btrfs', async () =>
    nodeRangesPlace(linuxFileRanges, async () => mountedPlace(['mkfs.btrfs', '-q'])),
  )
})

describe.skipIf(process.platform !== 'linux')('on Linux', () => {
  describeFileRanges('linux', async () => nodeRangesPlace(linuxFileRanges))

  test('holes are found where the file has none of its bytes', async () => {
    await using place = await nodeRangesPlace(linuxFileRanges)
    const fd = place.create('sparse', 8 * 2 ** 40, [[2 ** 42, new Uint8Array(4096).fill(1)]])
    expect(linuxFileRanges.nextData(fd, 0)).toBe(2 ** 42)
    expect(linuxFileRanges.nextHole(fd, 2 ** 42)).toBe(2 ** 42 + 4096)
    expect(linuxFileRanges.nextData(fd, 2 ** 42 + 4096)).toBeNull()
  })

  test('punching gives the blocks back', async () => {
    await using place = await nodeRangesPlace(linuxFileRanges)
    const fd = place.create('full', 2 ** 20, [[0, new Uint8Array(2 ** 20).fill(1)]])
    const before = statSync(place.path('full')).blocks
    expect(linuxFileRanges.punchHole(fd, { start: 0, end: 2 ** 19 })).toBe(true)
    expect(statSync(place.path('full')).blocks).toBeLessThan(before)
  })

  test('a bad descriptor is an error with the name of the system', () => {
    expect(() => linuxFileRanges.nextData(-1, 0)).toThrow(expect.objectContaining({ code: 'EBADF' }))
  })

  test('the place of a file says filesystem and mount point', () => {
    const place = linuxFileRanges.filesystemOf(tmpdir())
    const { blocks, bsize } = statfsSync(tmpdir())
    expect(place.total).toBe(blocks * bsize)
    expect(place.filesystem).toMatch(/^[a-z0-9]/u)
    expect(tmpdir().startsWith(place.mountPoint ?? 'unknown')).toBe(true)
  })
})
