import { describe, expect, test } from 'vitest'
import { windowsNameFault, windowsPathFault } from './windows-names.ts'

describe('names of Windows', () => {
  test.each([
    'disk.vhdx',
    'Ünïcödé 磁盘 💾.raw',
    '.hidden',
    'console.raw',
    'COM10.raw',
    'a.con',
    'x'.repeat(255),
    'lpt',
  ])('%s is one', (name) => {
    expect(windowsNameFault(name)).toBeNull()
  })

  test.each([
    ['CON', /device of Windows, CON/u],
    ['nul.raw', /device of Windows, NUL/u],
    ['Aux .tar.gz', /device/u],
    ['com1.vhdx', /device/u],
    ['LPT³', /device/u],
    ['CONOUT$', /device/u],
    ['disk.raw.', /dot or a space/u],
    ['disk.raw ', /dot or a space/u],
    ['disk.raw:stream', /another stream/u],
    ['a:b', /another stream/u],
    ['what?.raw', /"\?"/u],
    ['a|b', /"\|"/u],
    ['a\u0007b', /"\\u0007"/u],
    ['lone\ud800.raw', /not valid Unicode/u],
    ['x'.repeat(256), /255 characters/u],
  ])('%j is none', (name, fault) => {
    expect(windowsNameFault(name)).toMatch(fault)
  })

  test('of a path each name counts, whichever separators it has', () => {
    expect(windowsPathFault('a/b\\c.raw')).toBeNull()
    expect(windowsPathFault('./a/../b')).toBeNull()
    expect(windowsPathFault('a/nul/c.raw')).toMatch(/NUL/u)
    expect(windowsPathFault('a\\b.\\c.raw')).toMatch(/dot/u)
  })
})
