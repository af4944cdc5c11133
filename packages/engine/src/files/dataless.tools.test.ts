import { writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { DarwinStandIn } from '../file-ranges/testing/darwin-stand-in.ts'
import { assertDownloaded } from './dataless.ts'

const inIcloud = expect.objectContaining({
  code: 'not-readable',
  details: expect.objectContaining({ why: 'in-icloud' }),
  remedy: 'Have it downloaded: in Finder, Download Now, or brctl download FILE. Then try again.',
})

test('a file that is here by its name only is not read, in either way that macOS leaves it', async () => {
  await using place = await tempPlace()
  const macos = new DarwinStandIn('apfs')
  const [here, away, gone] = [place.file('here.raw'), place.file('away.raw'), place.file('gone.raw')]
  await writeFile(here, 'disk')
  await writeFile(away, 'disk')
  macos.flagsOf.set(away, 0x4000_0000 | 0x20)
  macos.flagsOf.set(here, 0x20)
  expect(() => assertDownloaded(here, macos)).not.toThrow()
  expect(() => assertDownloaded(away, macos)).toThrow(inIcloud)
  expect(() => assertDownloaded(gone, macos)).not.toThrow()
  await writeFile(place.file('.gone.raw.icloud'), 'bplist00')
  expect(() => assertDownloaded(gone, macos)).toThrow(inIcloud)
  expect(() => assertDownloaded(away, null)).not.toThrow()
})
