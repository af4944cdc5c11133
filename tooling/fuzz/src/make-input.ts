import type { FormatName } from '@varve/core/image/format-rules'
import { seededRandom } from '@varve/core/testing/seeded-random'
import { mutate } from './mutate.ts'
import { Scratch } from './scratch.ts'
import { sealChecksums } from './seal.ts'
import type { PreparedSeed } from './seed.ts'

/** One image to be fed to the engine. */
export interface Input {
  readonly seed: string
  readonly group: string
  readonly top: string
  readonly format: FormatName | null
  readonly files: Readonly<Record<string, Uint8Array>>
}

/**
 * Makes input number `index` of run `run`; equal numbers and seeds give equal inputs. The files are good until the next
 * call, which takes the changes back.
 */
export function inputMaker(seeds: readonly PreparedSeed[]): (run: number, index: number) => Input {
  const groups = [...new Set(seeds.map(({ group }) => group))]
  const byGroup = groups.map((name) => seeds.filter(({ group }) => group === name))
  const scratches = new Map<Uint8Array, Scratch>()
  let changed: Scratch[] = []

  const scratchOf = (bytes: Uint8Array): Scratch => {
    const known = scratches.get(bytes)
    if (known) return known
    const made = new Scratch(bytes)
    scratches.set(bytes, made)
    return made
  }

  return (run, index) => {
    for (const scratch of changed) scratch.restore()
    changed = []
    const random = seededRandom(Math.imul(run, 0x9e37_79b1) ^ Math.imul(index + 1, 0x85eb_ca6b))
    const group = byGroup[index % byGroup.length] ?? []
    const seed = group[random(group.length)]
    if (!seed) throw new RangeError('there are no seeds')
    const files: Record<string, Uint8Array> = { ...seed.files }
    const first = random(seed.parts.length)
    for (const [place, part] of seed.parts.entries()) {
      if (place !== first && random(4) > 0) continue
      const scratch = scratchOf(part.bytes)
      mutate(random, part, scratch)
      if (random(8) > 0) sealChecksums(scratch)
      changed.push(scratch)
      files[part.path] = scratch.view()
    }
    const format = random(3) === 0 ? seed.format : null
    return { seed: seed.name, group: seed.group, top: seed.top, format, files }
  }
}
