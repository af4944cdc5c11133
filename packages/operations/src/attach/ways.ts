import type { AttachedBy } from '../actions/attached-device.ts'
import type { z } from 'zod'
import type { AttachFacts, DeviceWays, KernelPart } from './facts.ts'

export type Way = z.infer<typeof AttachedBy>

/** What is wanted of the device. */
export interface Wanted {
  readonly isWritten: boolean
  readonly isThrowAway: boolean
}

const kernelPartOf: Readonly<Record<Way, 'loop' | 'nbd'>> = {
  loop: 'loop',
  'nbd-client': 'nbd',
  'qemu-nbd': 'nbd',
}
const toolOf: Readonly<Record<Way, string>> = {
  loop: 'losetup',
  'nbd-client': 'nbd-client',
  'qemu-nbd': 'qemu-nbd',
}

/** The ways in which this image could become that device on some Linux host, the best first; none: it cannot. */
export function waysFor(
  { format, isPlainRaw, sectorSize }: Pick<AttachFacts, 'format' | 'isPlainRaw' | 'sectorSize'>,
  { isWritten, isThrowAway }: Wanted,
): readonly Way[] {
  // qemu-nbd has no say about the sectors of the device that it connects.
  if (sectorSize !== 512)
    return waysFor({ format, isPlainRaw, sectorSize: 512 }, { isWritten, isThrowAway }).filter(
      (way) => way !== 'qemu-nbd',
    )
  if (isWritten) return format === 'qcow2' ? ['qemu-nbd'] : isPlainRaw ? ['loop'] : []
  const served: readonly Way[] = ['nbd-client', 'qemu-nbd']
  return isPlainRaw && !isThrowAway ? ['loop', ...served] : served
}

/** The first of the ways that this host has. */
export function wayOn(ways: DeviceWays, possible: readonly Way[]): Way | null {
  return possible.find((way) => partOf(ways, way) !== 'missing' && ways.tools.includes(toolOf[way])) ?? null
}

/** The module that has to be loaded first; null: none. */
export function moduleFor(ways: DeviceWays, way: Way): 'loop' | 'nbd' | null {
  return partOf(ways, way) === 'loadable' ? kernelPartOf[way] : null
}

/** What of the host is missing for these ways, in words. */
export function missingFor(ways: DeviceWays, possible: readonly Way[]): string {
  const parts = [...new Set(possible.map((way) => kernelPartOf[way]))].filter(
    (part) => ways[part] === 'missing',
  )
  const usable = possible.filter((way) => partOf(ways, way) !== 'missing')
  const tools = usable.map((way) => toolOf[way]).filter((tool) => !ways.tools.includes(tool))
  const words = [
    ...parts.map((part) => `its kernel has no module ${part}`),
    ...(tools.length > 0 ? [`${tools.join(' or ')} is not installed`] : []),
  ]
  return words.join(', and ')
}

function partOf(ways: DeviceWays, way: Way): KernelPart {
  return ways[kernelPartOf[way]]
}
