import type { LibraryPlaces } from '@varve/protocol/agent'
import { expect, test } from 'vitest'
import type { Session } from './deliver-reports.ts'
import { tellPlaces } from './tell-places.ts'

const MiB = 1024 ** 2

function library(free: number, writable = true): LibraryPlaces {
  const place = {
    filesystem: 'ext4',
    mountPoint: '/',
    free,
    total: 1000 * MiB,
    copyOnWrite: null,
    media: null,
  }
  return [{ name: 'images', writable, place }]
}

test('free space is told when it changes by a MiB, rights at once, and nothing twice', async () => {
  const readings = [
    library(100 * MiB),
    library(100 * MiB + 5),
    library(50 * MiB),
    library(50 * MiB),
    library(50 * MiB, false),
  ]
  const ended = new AbortController()
  const told: LibraryPlaces[] = []
  const client = { places: async (_: string, places: LibraryPlaces) => void told.push(places) }
  const session = { client, id: 's', signal: ended.signal } as unknown as Session
  await tellPlaces(
    session,
    async () => {
      const next = readings.shift()
      if (readings.length === 0) ended.abort()
      return next ?? library(0)
    },
    1,
  )
  expect(told).toEqual([library(50 * MiB), library(50 * MiB, false)])
})
