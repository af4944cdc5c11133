import { describe, expect, test } from 'vitest'
import { wslFailed } from './commands.ts'
import { parseRunning, wslErrorCode, wslText } from './output.ts'

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
