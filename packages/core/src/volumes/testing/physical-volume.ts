import { crc32 } from '../../binary/crc32.ts'
import type { Patch } from '../../testing/sparse-disk.ts'

const mib = 1024 * 1024
/** The identity of each that is made here. */
export const volumeUuid = 'abcdef-0123-4567-89AB-CDEF-GHIJ-KLMNOP'
const encode = (text: string) => new TextEncoder().encode(text)

export interface PhysicalVolumeOptions {
  readonly at?: number
  /** Bytes that it claims. */
  readonly size?: number
  readonly offset?: number
  readonly areaSize?: number
  readonly textSize?: number
  readonly checksum?: number
}

/** A physical volume at `at` whose metadata area (at 4 KiB, 1 MiB long) holds `text` at `offset`, round its end. */
export function physicalVolume(text: string, options: PhysicalVolumeOptions = {}): Patch[] {
  const { at = 0, offset = 512, areaSize = mib - 4096 } = options
  const bytes = encode(text)
  const label = new Uint8Array(512)
  const view = new DataView(label.buffer)
  label.set(encode('LABELONE'))
  view.setUint32(8, 1, true)
  view.setUint32(20, 32, true)
  label.set(encode('LVM2 001'), 24)
  label.set(encode(volumeUuid.replaceAll('-', '')), 32)
  view.setBigUint64(64, BigInt(options.size ?? 64 * mib), true)
  view.setBigUint64(72, BigInt(mib), true)
  view.setBigUint64(104, 4096n, true)
  view.setBigUint64(112, BigInt(areaSize), true)
  const head = new Uint8Array(512)
  const fields = new DataView(head.buffer)
  head.set(encode(' LVM2 x[5A%r0N*>'), 4)
  fields.setBigUint64(24, 4096n, true)
  fields.setBigUint64(32, BigInt(areaSize), true)
  fields.setBigUint64(40, BigInt(offset), true)
  fields.setBigUint64(48, BigInt(options.textSize ?? bytes.length), true)
  fields.setUint32(56, options.checksum ?? crc32(bytes, { start: 0xf597a6cf, raw: true }), true)
  const untilEnd = areaSize - offset
  return [
    { at: at + 512, bytes: label },
    { at: at + 4096, bytes: head },
    { at: at + 4096 + offset, bytes: bytes.subarray(0, untilEnd) },
    { at: at + 4096 + 512, bytes: bytes.subarray(Math.max(0, untilEnd)) },
  ].filter(({ bytes: { length } }) => length > 0)
}
