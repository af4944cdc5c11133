import { mkdir } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { pathRules } from './host-path.ts'
import { libraryRoots } from './library-roots.ts'

test('a library of a Mac is named in either form of its letters, and what is opened is judged as it is kept', async () => {
  await using place = await tempPlace()
  const [kept, typed, other] = ['Bu\u0308ro', 'b\u00FCro', 'BU\u0308RO'].map((name) => place.file(name))
  await mkdir(kept ?? '')
  const library = libraryRoots([kept ?? ''], pathRules('darwin'))
  expect(() => library.assertNamedInside(`${typed}/gone.raw`)).not.toThrow()
  expect(() => library.assertInside(`${kept}/a.raw`, `${typed}/a.raw`)).not.toThrow()
  const outside = expect.objectContaining({ code: 'outside-library' })
  // On a volume that tells case apart it is another folder.
  expect(() => library.assertInside(`${other}/a.raw`, `${typed}/a.raw`)).toThrow(outside)
  expect(() => library.assertNamedInside(place.file('b\u00FCro2/a.raw'))).toThrow(outside)
  const linux = libraryRoots([kept ?? ''], pathRules('linux'))
  expect(() => linux.assertNamedInside(`${typed}/gone.raw`)).toThrow(outside)
})
