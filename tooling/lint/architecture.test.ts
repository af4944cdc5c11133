import { readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { floors, folderOf } from './architecture.ts'

test.each(['core', 'engine'] as const)(
  'every folder of %s is on a floor, and no file beside them',
  async (name) => {
    const src = resolve(import.meta.dirname, '../..', folderOf(name), 'src')
    const found = (await readdir(src)).filter((entry) => entry !== 'testing')
    expect(found.sort()).toEqual([...floors[name]].sort())
  },
)
