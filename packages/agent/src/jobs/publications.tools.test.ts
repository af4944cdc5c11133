import { appendFile, writeFile } from 'node:fs/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { openPublications } from './publications.ts'

const publication = { pullId: 'p1', path: '/images/web\n01.qcow2', file: '1:2' }

describe('publications', () => {
  test('are known after a restart', async () => {
    await using place = await tempPlace()
    const folder = place.file('data')
    await (await openPublications(folder)).add(publication)
    const again = await openPublications(folder)
    expect(again.find('p1')).toEqual(publication)
    expect(again.find('p2')).toBeNull()
  })

  test('a line that a crash cut off, or that makes no sense, is passed over', async () => {
    await using place = await tempPlace()
    await (await openPublications(place.path)).add(publication)
    await appendFile(place.file('publications.jsonl'), '{"pullId":7}\n{"pullId":"p2","pa')
    const again = await openPublications(place.path)
    expect([again.find('p1'), again.find('p2')]).toEqual([publication, null])
    await again.add({ ...publication, pullId: 'p3' })
    expect((await openPublications(place.path)).find('p3')).not.toBeNull()
  })

  test('without a folder they are known while the agent runs', async () => {
    const publications = await openPublications(null)
    await publications.add(publication)
    expect(publications.find('p1')).toEqual(publication)
  })

  test('a folder that is a file is an error', async () => {
    await using place = await tempPlace()
    await writeFile(place.file('data'), '')
    await expect(openPublications(place.file('data'))).rejects.toThrow()
  })
})
