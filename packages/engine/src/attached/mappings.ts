import { join } from 'node:path'
import { mappedPrefix } from '@varve/core/volumes/mapped-names'
import type { Roots } from '../in-use/linux-devices.ts'
import { namesIn, textOf } from '../in-use/proc-files.ts'

/** A mapping of the device mapper that Varve has made over an attached device. */
export interface Mapping {
  /** Below /dev/mapper. */
  readonly device: string
  readonly kind: 'lvm' | 'luks'
  readonly size: number
  /** What of others lies over it. */
  readonly holders: readonly string[]
}

interface Mapped {
  readonly kernelName: string
  readonly device: string
  readonly folder: string
}

/** The mappings of an attachment by their names, those that lie over others of them first. */
export function mappingsOf(attachment: string, { sys }: Roots): readonly Mapping[] {
  const block = join(sys, 'block')
  const all: Mapped[] = namesIn(block)
    .filter((name) => /^dm-\d+$/u.test(name))
    .map((name) => ({ kernelName: name, device: mappedDevice(name, sys), folder: join(block, name) }))
  const mine = all.filter(({ device }) => device.startsWith(mappedPrefix(attachment)))
  const known = new Map(mine.map((one) => [one.kernelName, one]))
  const depthOf = ({ folder }: Mapped): number =>
    Math.max(
      0,
      ...namesIn(join(folder, 'slaves')).map((below) => {
        const found = known.get(below)
        return found ? 1 + depthOf(found) : 0
      }),
    )
  return mine
    .map((one) => ({ one, depth: depthOf(one) }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ one: { device, folder } }) => ({
      device,
      kind: textOf(join(folder, 'dm/uuid')).startsWith('CRYPT-') ? 'luks' : 'lvm',
      size: Number(textOf(join(folder, 'size')).trim()) * 512,
      holders: namesIn(join(folder, 'holders'))
        .filter((name) => !known.has(name))
        .map((name) => mappedDevice(name, sys)),
    }))
}

/** A device as people name it: that of the device mapper by its own name. */
export function mappedDevice(kernelName: string, sys: string): string {
  const name = textOf(join(sys, 'block', kernelName, 'dm/name')).trim()
  return name === '' ? `/dev/${kernelName}` : `/dev/mapper/${name}`
}
