import { join } from 'node:path'
import { corpusEntries, unpackCorpus, type CorpusEntry } from '@varve/test-kit/corpus'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodePorts } from '../testing/node-files.ts'
import { checkImage } from './check-image.ts'

const entries = corpusEntries()

function unpackedName({ file }: CorpusEntry): string {
  return file.replace(/\.zst$/u, '')
}

describe.skipIf(entries === null)('the check of images that nobody here made', () => {
  let place: TempPlace
  beforeAll(async () => {
    place = await tempPlace()
    unpackCorpus(entries ?? [], place.path)
  })
  afterAll(async () => {
    await place[Symbol.asyncDispose]()
  })

  test.each((entries ?? []).filter(({ format }) => format !== undefined))(
    '$file: nothing is corrupt',
    async (entry) => {
      const { report } = await checkImage(join(place.path, unpackedName(entry)), nodePorts)
      expect(report.findings.filter(({ kind }) => kind !== 'remark')).toEqual([])
      expect(report.isComplete).toBe(true)
      expect(report.format).toBe(entry.format)
    },
  )

  test.each((entries ?? []).filter(({ expect: outcome }) => outcome === 'refused'))(
    '$file is corrupt',
    async (entry) => {
      const { report } = await checkImage(join(place.path, unpackedName(entry)), nodePorts)
      expect(report.totals.corruptions).toBeGreaterThan(0)
      expect(report.isComplete).toBe(false)
    },
  )
})
