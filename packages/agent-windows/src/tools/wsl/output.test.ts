import { describe, expect, test } from 'vitest'
import {
  exportVhd,
  importVhd,
  manageMove,
  manageResize,
  manageSparse,
  trimInside,
  wslFailed,
} from './commands.ts'
import { parseRunning, parseVersion, wslErrorCode, wslProblem, wslText } from './output.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const utf16 = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le'))
const said = (stdout: Uint8Array, exitCode = 0) =>
  parseRunning({ stdout, exitCode, stderr: new Uint8Array(), label: 'utf-8' })

describe('what runs', () => {
  test.each([
    ['Debian\r\nÜbuntu 发行版\r\n', ['Debian', 'Übuntu 发行版']],
    ['docker-desktop\r\r\n', ['docker-desktop']],
    ['', []],
  ])('%j', (text, names) => {
    expect(said(utf8(text))).toEqual(names)
    expect(said(utf16(text))).toEqual(names)
  })

  test.each(['There are no running distributions.\r\n', '没有正在运行的分发版。\r\n', ''])(
    'a failure with one sentence says that nothing does: %j',
    (text) => {
      expect(said(utf8(text), wslFailed)).toEqual([])
      expect(said(utf16(text), wslFailed)).toEqual([])
    },
  )

  test.each([
    'Das System kann die angegebene Datei nicht finden.\r\nFehlercode: Wsl/Service/0x80070002\r\n',
    'Error code: Wsl/WSL_E_WSL_OPTIONAL_COMPONENT_REQUIRED\r\n',
    'Copyright (c) Microsoft Corporation.\r\nUsage: wsl.exe [Argument]\r\n',
  ])('any other failure tells nothing: %j', (text) => {
    expect(said(utf16(text), wslFailed)).toBeNull()
  })
})

test.each([
  [
    'The operation could not be completed because the VHD is currently in use. To force WSL to stop use: wsl.exe --shutdown\r\nError code: Wsl/Service/WSL_E_DISTRO_NOT_STOPPED\r\n',
    'Wsl/Service/WSL_E_DISTRO_NOT_STOPPED',
  ],
  ['Failed to resize disk.\r\nError code: Wsl/Service/E_FAIL\r\n', 'Wsl/Service/E_FAIL'],
  ['错误代码: Wsl/E_INVALIDARG\r\n', 'Wsl/E_INVALIDARG'],
  ['The operation completed successfully. \r\n', null],
])('the code of %j', (text, code) => {
  expect(wslErrorCode(text)).toBe(code)
  expect(wslErrorCode(wslText({ stdout: utf16(text) }))).toBe(code)
})

test.each([
  ['WSL version: 2.5.7.0\r\nKernel version: 6.6.87.1-1\r\n', 0, '2.5.7.0'],
  ['WSL 版本： 2.0.9.0\r\n内核版本： 5.15.133.1-1\r\n', 0, '2.0.9.0'],
  ['Befehlszeilenoption ungültig: --version\r\n', wslFailed, null],
  ['', 0, null],
])('the version in %j', (text, exitCode, version) => {
  const output = { exitCode, stderr: new Uint8Array(), label: 'utf-8' }
  expect(parseVersion({ ...output, stdout: utf8(text) })).toBe(version)
  expect(parseVersion({ ...output, stdout: utf16(text) })).toBe(version)
})

describe('what a resize fails with', () => {
  const asked = { image: 'C:\\d\\ext4.vhdx', distribution: 'Debian', size: 1024 ** 3 }

  test.each([
    [
      'Der Vorgang konnte nicht abgeschlossen werden, da die VHD zurzeit verwendet wird. So erzwingen Sie, dass WSL die Verwendung beendet: wsl.exe --shutdown\r\nFehlercode: Wsl/Service/WSL_E_DISTRO_NOT_STOPPED\r\n',
      'in-use',
    ],
    ['Error code: Wsl/Service/MoveDistro/ERROR_SHARING_VIOLATION\r\n', 'in-use'],
    [
      'There is no distribution with the supplied name.\r\nError code: Wsl/Service/WSL_E_DISTRO_NOT_FOUND\r\n',
      'not-found',
    ],
    ['Failed to resize disk.\r\nError code: Wsl/Service/E_FAIL\r\n', 'tool-failed'],
    ['', 'tool-failed'],
  ])('%j', (text, code) => {
    const output = { exitCode: wslFailed, stdout: utf16(text), stderr: new Uint8Array(), label: 'utf-8' }
    expect(wslProblem(output, asked)).toMatchObject({ code, details: { file: asked.image } })
    expect(() => manageResize(asked).parse(output)).toThrow(expect.objectContaining({ code }))
  })

  test('the size is in bytes, without a unit', () => {
    expect(manageResize(asked).args).toEqual(['--manage', 'Debian', '--resize', '1073741824'])
  })
})

describe('what a trim says', () => {
  const asked = { image: 'C:\\d\\ext4.vhdx', distribution: 'Debian' }
  const { parse, args } = trimInside(asked)
  const output = (stdout: Uint8Array, exitCode: number, stderr = '') => ({
    stdout,
    exitCode,
    stderr: utf8(stderr),
    label: 'utf-8',
  })

  test.each<[string, number | null]>([
    ['/: 1.2 GiB (1288490188 bytes) trimmed\n', 1_288_490_188],
    ['/: 1,2 GiB (1288490188 Bytes) getrimmt\n', 1_288_490_188],
    ['/: 1288490188 bytes trimmed\n', 1_288_490_188],
    ['/: 0 B (0 bytes) trimmed\n', 0],
    ['', null],
  ])('%j', (text, bytes) => {
    expect(parse(output(utf8(text), 0))).toBe(bytes)
  })

  test('fails in the words of the program inside, or of WSL', () => {
    const said = 'fstrim: /: the discard operation is not supported\n'
    expect(() => parse(output(utf8(''), 1, said))).toThrow(
      expect.objectContaining({
        code: 'tool-failed',
        details: expect.objectContaining({ stderr: said.trim() }),
      }),
    )
    const gone = 'x\r\nFehlercode: Wsl/Service/WSL_E_DISTRO_NOT_FOUND\r\n'
    expect(() => parse(output(utf16(gone), wslFailed))).toThrow(
      expect.objectContaining({ code: 'not-found' }),
    )
  })

  test('what is asked of WSL', () => {
    expect([
      args,
      manageSparse({ ...asked, isSparse: true, isUnsafe: true }).args,
      manageSparse({ ...asked, isSparse: false, isUnsafe: false }).args,
      manageMove({ ...asked, folder: 'D:\\wsl' }).args,
      exportVhd({ ...asked, file: 'D:\\a.vhdx' }).args,
      importVhd({ ...asked, folder: 'D:\\wsl' }).args,
      importVhd({ ...asked, folder: null }).args,
    ]).toEqual([
      ['--distribution', 'Debian', '--user', 'root', '--exec', 'fstrim', '-v', '/'],
      ['--manage', 'Debian', '--set-sparse', 'true', '--allow-unsafe'],
      ['--manage', 'Debian', '--set-sparse', 'false'],
      ['--manage', 'Debian', '--move', 'D:\\wsl'],
      ['--export', 'Debian', 'D:\\a.vhdx', '--vhd'],
      ['--import', 'Debian', 'D:\\wsl', 'C:\\d\\ext4.vhdx', '--vhd'],
      ['--import-in-place', 'Debian', 'C:\\d\\ext4.vhdx'],
    ])
  })
})
