import { readFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { writeManual } from './write-manual.ts'

test('the manual and the completions are written where systems look for them', async () => {
  await using place = await tempPlace()
  const paths = await writeManual(place.path)
  expect(paths).toEqual(
    expect.arrayContaining([
      'share/man/man1/varve.1',
      'share/man/man1/varve-images-format.1',
      'share/bash-completion/completions/varve',
      'share/zsh/site-functions/_varve',
    ]),
  )
  expect(await readFile(place.file('share/man/man1/varve-convert.1'), 'utf8')).toContain('.SH SYNOPSIS')
  expect(await readFile(place.file('share/zsh/site-functions/_varve'), 'utf8')).toMatch(/^#compdef varve\n/u)
}, 120_000)
