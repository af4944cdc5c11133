import { expect, test } from 'vitest'
import { installWords } from './install-words.ts'

const missing = { line: null, reason: 'the release has no archive for it' } as const

test('a line is told for each system that has one, and why the others have none', () => {
  const lines = [
    { system: 'linux', line: 's=1', reason: null },
    { system: 'windows', line: '$s = 1', reason: null },
    { system: 'macos', ...missing },
  ] as const
  expect(installWords([...lines])).toBe(`Or, on a host without Varve, a line that installs it too.

Linux:

  s=1

Windows, in PowerShell that was opened as administrator:

  $s = 1

macOS: no line, since the release has no archive for it.
`)
})

test('where there is none at all, it is said once', () => {
  expect(
    installWords([
      { system: 'linux', ...missing },
      { system: 'macos', ...missing },
    ]),
  ).toBe('No line installs Varve on a host besides: the release has no archive for it.')
})
