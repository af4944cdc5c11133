import type { LibraryView } from '@varve/protocol/hosts'
import { expect, test } from 'vitest'
import { librariesToSpace } from './libraries-to-space.ts'

function library(mountPoint: string | null, free: number | null): LibraryView {
  return {
    name: 'x',
    path: `/${String(mountPoint)}/${String(free)}`,
    writable: true,
    images: 0,
    place: {
      filesystem: 'ext4',
      mountPoint,
      free,
      total: free === null ? null : 100,
      copyOnWrite: false,
      media: null,
    },
  }
}

test('two libraries of one filesystem count once', () => {
  expect(librariesToSpace([library('/srv', 40), library('/srv', 40), library('/', 5)])).toEqual({
    free: 45,
    total: 200,
  })
})

test('what does not tell is left out; nothing known is null', () => {
  expect(librariesToSpace([library('/srv', 40), library(null, null)])).toEqual({ free: 40, total: 100 })
  expect(librariesToSpace([library(null, null)])).toBeNull()
})
