import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describeFileRanges } from '@varve/engine/file-ranges/testing/file-ranges-contract'
import { nodeRangesPlace } from '@varve/engine/file-ranges/testing/node-ranges-place'
import { windowsCalls } from '@varve/engine/file-ranges/windows-calls'
import { windowsFileRanges } from '@varve/engine/file-ranges/windows-file-ranges'
import { openFiles } from '@varve/engine/in-use/windows-open-files'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'

const ranges = windowsFileRanges(windowsCalls())

describeFileRanges('Windows', async () => nodeRangesPlace(ranges))

describe('the Windows that this runs on', () => {
  test('a file says its filesystem, drive and room', async () => {
    await using place = await tempPlace()
    const { filesystem, mountPoint, free, total, copyOnWrite } = ranges.filesystemOf(place.path)
    expect([filesystem, mountPoint, copyOnWrite]).toEqual(['NTFS', `${place.path.slice(0, 2)}\\`, false])
    expect(Number(free)).toBeGreaterThan(0)
    expect(Number(total)).toBeGreaterThan(Number(free) - 1)
  })

  test('names longer than 260 characters are renamed too, never over another', async () => {
    await using place = await tempPlace()
    const folder = join(place.path, 'x'.repeat(200), 'y'.repeat(200))
    mkdirSync(folder, { recursive: true })
    const [from, to] = [join(folder, 'a.part'), join(folder, 'ünïcödé 磁盘 💾.vhdx')]
    writeFileSync(from, 'a')
    ranges.renameNoReplace(from, to)
    expect(existsSync(to)).toBe(true)
    writeFileSync(from, 'b')
    expect(() => ranges.renameNoReplace(from, to)).toThrow(expect.objectContaining({ code: 'EEXIST' }))
    expect(() => ranges.renameNoReplace(from, join(folder, basename(to).toUpperCase()))).toThrow(
      expect.objectContaining({ code: 'EEXIST' }),
    )
    expect(() => ranges.renameNoReplace(join(folder, 'gone'), join(folder, 'new'))).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    )
  })

  test('who has a file open for writing is seen, whoever it is', async () => {
    await using place = await tempPlace()
    const files = openFiles()
    const path = place.file('a.vhdx')
    writeFileSync(path, 'a')
    expect(files.isWritten(path)).toBe(false)
    const reading = openSync(path, 'r')
    expect(files.isWritten(path)).toBe(false)
    closeSync(reading)
    const writing = openSync(path, 'r+')
    expect(files.isWritten(path)).toBe(true)
    closeSync(writing)
    expect(files.isWritten(path)).toBe(false)
    expect(files.isWritten(place.file('gone'))).toBeNull()
    expect(Array.isArray(files.usersOf(path) ?? [])).toBe(true)
  })
})
