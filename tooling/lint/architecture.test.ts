import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
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

test.each(['packages/agent/src/runs', 'packages/controller/src/runs'])(
  'what carries out runs, %s, knows none of their operations by name',
  async (folder) => {
    const src = resolve(import.meta.dirname, '../..', folder)
    const files = (await readdir(src, { recursive: true })).filter((name) => name.endsWith('.ts'))
    const naming: string[] = []
    for (const file of files) if (/migrat/iu.test(await readFile(join(src, file), 'utf8'))) naming.push(file)
    expect(files.length).toBeGreaterThan(0)
    expect(naming).toEqual([])
  },
)
