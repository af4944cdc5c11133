import { describe, expect, test } from 'vitest'
import { diskpartProblem, parseList } from './output.ts'
import { diskpartCommand } from './run-script.ts'
import { attachLine, compactLine, detachLine, scriptText, selectLine } from './script.ts'

describe('lines of a script', () => {
  test.each([
    [String.raw`C:\disks\a b (1).vhdx`, String.raw`select vdisk file="C:\disks\a b (1).vhdx"`],
    [String.raw`\\?\C:\disks\it's 100%.vhd`, String.raw`select vdisk file="C:\disks\it's 100%.vhd"`],
    [String.raw`\\?\UNC\nas\disks\a.vhdx`, String.raw`select vdisk file="\\nas\disks\a.vhdx"`],
  ])('%s', (image, line) => {
    expect(selectLine(image)).toBe(line)
  })

  test.each([
    ['a quote', 'C:\\a" \ndetach vdisk.vhdx'],
    ['a line feed', 'C:\\a\nclean.vhdx'],
    ['a carriage return', 'C:\\a\rclean.vhdx'],
    ['no ASCII', 'C:\\Größe.vhdx'],
    ['what cannot be seen', 'C:\\a\u202Eb.vhdx'],
    ['an end', 'C:\\a\0.vhdx'],
  ])('a name with %s is refused with the remedy', (_what, image) => {
    expect(() => selectLine(image)).toThrow(
      expect.objectContaining({
        code: 'refused',
        details: expect.objectContaining({ file: image, finding: 'name-of-diskpart', layer: 'L1' }),
      }),
    )
  })

  test('each ends as Windows ends them', () => {
    const lines = [selectLine('C:\\a.vhdx'), attachLine({ isReadOnly: true }), compactLine, detachLine]
    expect(scriptText(lines)).toBe(
      'select vdisk file="C:\\a.vhdx"\r\nattach vdisk readonly\r\ncompact vdisk\r\ndetach vdisk\r\n',
    )
    expect(attachLine({ isReadOnly: false })).toBe('attach vdisk')
  })
})

describe('what is read from a list', () => {
  // As Windows printed them: reference/platform/samples/windows/diskpart-list-vdisk-{en,es}.txt.
  const heads = [
    '  VDisk ###  Disk ###  State                 Type       File',
    '  ---------  --------  --------------------  ---------  ----',
  ]
  test.each([
    [
      'not attached',
      String.raw`* VDisk 0    Disk ---  Added                 Unknown     f:\VBDisks\W7\W7.vhd`,
      null,
      String.raw`f:\VBDisks\W7\W7.vhd`,
    ],
    [
      'attached',
      String.raw`  VDisk 0    Disk 2    Attached not open     Expandable  C:\ProgramData\docker\sandbox.vhdx`,
      2,
      String.raw`C:\ProgramData\docker\sandbox.vhdx`,
    ],
    [
      'Spanish',
      String.raw`* discoV 0    Disco ---  Agregado              Desconocid  c:\prueba2.vhd`,
      null,
      String.raw`c:\prueba2.vhd`,
    ],
    [
      'Chinese',
      String.raw`  虚拟磁盘 12   磁盘 10    已附加，但未打开      可扩展      D:\a  b: 3  c\x y.vhdx`,
      10,
      String.raw`D:\a  b: 3  c\x y.vhdx`,
    ],
    [
      'on a share',
      String.raw`  VDisk 3    Disk 4    Attached open         Fixed      \\nas\disks\a 1.vhd`,
      4,
      String.raw`\\nas\disks\a 1.vhd`,
    ],
  ])('%s', (_what, line, disk, path) => {
    expect(parseList([...heads, line, ''].join('\r\n'))).toEqual([{ disk, path }])
  })

  test.each([
    'There are no virtual disks to show.',
    'DISKPART> select vdisk file="f:\\VBDisks\\W7\\W7.vhd"',
    '  Disk 0    Online         1863 GB      0 B        *',
    '',
  ])('no row: %j', (line) => {
    expect(parseList([...heads, line].join('\r\n'))).toEqual([])
  })
})

test('how far it is, by its number alone', () => {
  const { progress } = diskpartCommand('C:\\t\\script.txt', { image: 'C:\\a.vhdx' })
  const said = (text: string) => progress?.({ stream: 'stdout', text }) ?? null
  expect(said('  100 percent completed')).toEqual({ fraction: 1 })
  expect(said('    40 百分比已完成')).toEqual({ fraction: 0.4 })
  expect(said('  7 por ciento completado')).toEqual({ fraction: 0.07 })
  for (const text of ['DiskPart successfully compacted', '  400 percent', '  12 : 30', ''])
    expect(said(text), text).toBeNull()
})

test('a failure says its last words, never its version', () => {
  const text =
    'Microsoft DiskPart version 10.0\n\nOn computer: A\n\nFehler des Dienstes:\nSie ist gesperrt.\n'
  expect(diskpartProblem('C:\\a.vhdx', { exitCode: 0, text })).toMatchObject({
    code: 'tool-failed',
    details: { exitCode: 0, stderr: 'On computer: A Fehler des Dienstes: Sie ist gesperrt.' },
  })
  expect(diskpartProblem('C:\\a.vhdx', { exitCode: 0, text: '' }).message).toContain('elevated')
})
