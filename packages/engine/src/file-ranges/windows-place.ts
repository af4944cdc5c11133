import type { HostPlace } from '@varve/core/image/image-files'
import type { WindowsCalls } from './windows-calls.ts'
import { windowsError } from './windows-error.ts'

/** FILE_ATTRIBUTE_… of winnt.h that are facts of L1. */
export const fileAttributes = { sparse: 0x200, compressed: 0x800, encrypted: 0x4000 } as const

// FILE_SUPPORTS_BLOCK_REFCOUNTING of winnt.h.
const sharesBlocks = 0x0800_0000
// IOCTL_STORAGE_QUERY_PROPERTY of winioctl.h, and STORAGE_PROPERTY_ID.
const queryProperty = 0x002d_1400
const seekPenalty = 7
const trim = 8
const queryLength = 12
const descriptorSize = 12
const answerAt = 8

/** Of GetDriveTypeW. */
const withoutDisk: Readonly<Record<number, string>> = {
  4: 'network (SMB)',
  5: 'CD or DVD',
  6: 'memory',
}

/** How long the disk below a volume is taken as it was: thousands of images are asked for in a row. */
const rememberedMs = 1000

/** L1 and L0 below paths. */
export function windowsPlaces(calls: WindowsCalls): (path: string) => HostPlace {
  const media = new Map<string, { readonly told: string | null; readonly atMs: number }>()
  const mediumBelow = (root: string): string | null => {
    const known = media.get(root)
    if (known && performance.now() - known.atMs <= rememberedMs) return known.told
    const told = mediumOf(calls, root)
    media.set(root, { told, atMs: performance.now() })
    return told
  }
  return (path) => {
    const volume = calls.volumeOf(path)
    if (typeof volume === 'number') throw windowsError(volume, 'GetVolumePathNameW')
    const { root, filesystem, flags, free, total, kind } = volume
    const attributes = attributesOf(calls, path)
    return {
      filesystem,
      mountPoint: root,
      free,
      total,
      copyOnWrite: filesystem === null ? null : (flags & sharesBlocks) !== 0,
      media: withoutDisk[kind] ?? mediumBelow(root),
      ...(attributes.length > 0 && { attributes }),
    }
  }
}

function attributesOf(calls: WindowsCalls, path: string) {
  const told = calls.attributesOf(path) ?? 0
  const all = ['sparse', 'compressed', 'encrypted'] as const
  return all.filter((name) => (told & fileAttributes[name]) !== 0)
}

/** What the disk below says of itself: nothing where there are several, or a driver does not answer. */
function mediumOf(calls: WindowsCalls, root: string): string | null {
  const ask = (property: number): boolean | null => {
    const question = new Uint8Array(queryLength)
    new DataView(question.buffer).setUint32(0, property, true)
    const answer = new Uint8Array(descriptorSize)
    const { error, returned } = calls.controlVolume(root, queryProperty, question, answer)
    return error === 0 && returned > answerAt ? answer[answerAt] !== 0 : null
  }
  const isSlow = ask(seekPenalty)
  if (isSlow !== null) return isSlow ? 'HDD' : 'SSD'
  return ask(trim) === true ? 'SSD' : null
}
