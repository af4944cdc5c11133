import { mkdir, open, stat, writeFile } from 'node:fs/promises'
import { Capabilities, LibraryFacts, ToolView } from '@varve/protocol/hosts'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import type { Platform } from '../platform/platform.ts'
import { probeTools } from '../tools/probe-tools.ts'

/** What every platform promises; run by the memory fake and by each real adapter. */
export function describePlatform(name: string, make: () => Platform): void {
  describe(`Platform: ${name}`, () => {
    test('its capabilities are what the wire takes, and name what it can do', () => {
      const { capabilities } = make()
      expect(Capabilities.parse(capabilities)).toEqual(capabilities)
      expect(capabilities.readFormats).toContain('raw')
    })

    test('it tells system, processors and memory', async () => {
      const facts = await make().systemFacts()
      expect(facts.os.name).not.toBe('')
      expect(facts.os.kernel).not.toBe('')
      expect(facts.cpus).toBeGreaterThan(0)
      expect(facts.memory).toBeGreaterThan(0)
    })

    test('it tells where a library lies', async () => {
      await using place = await tempPlace()
      const facts = await make().libraryFacts(place.path)
      const view = LibraryFacts.parse({ name: 'images', path: place.path, ...facts })
      expect(view.writable).toBe(true)
      expect(view.place.free).toBeGreaterThan(0)
    })

    test('a library that is not there is an error with a code', async () => {
      await using place = await tempPlace()
      await expect(make().libraryFacts(place.file('missing'))).rejects.toMatchObject({ code: 'not-found' })
    })

    test('a library that is a file is refused', async () => {
      await using place = await tempPlace()
      await writeFile(place.file('file'), '')
      await expect(make().libraryFacts(place.file('file'))).rejects.toMatchObject({ code: 'not-readable' })
    })

    test('each tool has a name, what it enables and how to install it; no tool twice', async () => {
      const { tools } = make()
      const names = tools.table.map((entry) => entry.name)
      expect(new Set(names).size).toBe(names.length)
      for (const tool of await probeTools(tools)) {
        expect(ToolView.parse(tool)).toEqual(tool)
        expect(tool.enables).not.toBe('')
        expect(tool.install).not.toBe('')
      }
    })

    test('nobody writes to a file that nobody has open, and this process does not count', async () => {
      const { findWriters } = make()
      if (findWriters === null) return
      await using place = await tempPlace()
      await mkdir(place.file('folder'))
      await using handle = await open(place.file('folder/image.raw'), 'w')
      await handle.write('x')
      const writers = await findWriters()
      expect(writers.of(await stat(place.file('folder/image.raw'), { bigint: true }))).toEqual([])
    })
  })
}
