import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { readError, SystemError, writeError } from './system-error.ts'

const refused = (name: 'EPERM' | 'EACCES') => new SystemError(constants.errno[name], 'open')

test('what macOS keeps a program out of is told from rights, with what to switch on for which program', () => {
  const error = readError(refused('EPERM'), '/Users/a/Library/Containers/b/c.qcow2', 'darwin')
  expect(error).toMatchObject({
    code: 'not-readable',
    message: expect.stringContaining('macOS keeps this program out of it (privacy)'),
    remedy: expect.stringContaining(`Full Disk Access, switch on ${process.execPath}, or Terminal`),
  })
  const written = writeError(refused('EPERM'), '/Volumes/usb/a.raw', 'darwin')
  expect(written).toMatchObject({ code: 'not-writable', details: { why: 'privacy' } })
  expect(written.remedy).toContain('Full Disk Access')
})

test.each([
  ['EACCES', 'darwin'],
  ['EPERM', 'linux'],
  ['EACCES', 'linux'],
] as const)('%s on %s is a matter of rights', (name, system) => {
  expect(readError(refused(name), '/a', system).remedy).toBe(
    'Give the user that runs Varve the right to read it.',
  )
  expect(writeError(refused(name), '/a', system).remedy).toContain('the right to write there')
})
