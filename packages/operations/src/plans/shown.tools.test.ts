import { requires, runToolOk } from '@varve/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { posixWord, shellWord, unprintable } from './shown.ts'

const names = [
  'plain.raw',
  "it's a $HOME.raw",
  'a\nb.raw',
  "\t\u001B[31m'\\n\r.raw",
  'x\u0085\u202Ed\uFEFF1.raw',
  'a\n1',
]

describe('a word of a command line', () => {
  test('holds nothing that cannot be printed', () => {
    for (const name of names) expect(shellWord(name).search(unprintable)).toBe(-1)
    expect(shellWord('a\nb.raw')).toBe(String.raw`$'a\nb.raw'`)
  })

  test.skipIf(!requires('bash'))('pastes as the name that it is', async () => {
    for (const name of names)
      expect(await runToolOk('bash', ['-c', `printf %s ${shellWord(name)}`])).toBe(name)
  })

  test.skipIf(!requires('sh'))('is one of every POSIX shell in a runbook', async () => {
    for (const name of names) expect(await runToolOk('sh', ['-c', `printf %s ${posixWord(name)}`])).toBe(name)
  })
})
