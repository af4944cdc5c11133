import { resizeGpt } from '@varve/engine/cutting/resize-gpt'
import { assertImage } from '../inside-roots.ts'
import { nativeAdapter } from '../native.ts'

/** By Varve itself, on systems that have no tool for it. */
export const relocateTable = nativeAdapter('relocate-table', {
  calls: 'reads and writes both copies of the GPT, flushing between',
  async run({ disk, name, sectorSize = 512 }, { ports }) {
    await assertImage(ports, disk)
    await resizeGpt(disk, { sectorSize, resized: undefined, name })
    return {}
  },
})
