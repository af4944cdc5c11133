import type { ToolCommand, ToolOutput } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'
import { anyCode, assertSucceeded, complaints, errno, errorNumber } from '../plist-output.ts'
import {
  parseAttached,
  parseImageInfo,
  parseInfo,
  parseIsEncrypted,
  type AttachedImage,
  type DiskEntity,
  type ImageInfo,
} from './output.ts'

/** Checksums and repairs are left out, and disks of a network take long. */
const silence = { ms: 120_000 }

/** Every image that is attached. */
export function infoCommand(): ToolCommand<readonly AttachedImage[]> {
  return { tool: 'hdiutil', args: ['info', '-plist'], silence, parse: parseInfo }
}

/** What macOS knows of an image that is not attached. */
export function imageInfoCommand(image: string): ToolCommand<ImageInfo> {
  return askOfImage('imageinfo', image, parseImageInfo)
}

/** Whether an image that is not attached is encrypted, without its passphrase. */
export function isEncryptedCommand(image: string): ToolCommand<boolean> {
  return askOfImage('isencrypted', image, parseIsEncrypted)
}

function askOfImage<T>(
  verb: 'imageinfo' | 'isencrypted',
  image: string,
  parse: (output: ToolOutput, image: string) => T,
): ToolCommand<T> {
  return {
    tool: 'hdiutil',
    args: [verb, '-plist', image],
    expected: anyCode,
    silence,
    parse(output) {
      assertSucceeded(output, { tool: 'hdiutil', file: image })
      return parse(output, image)
    },
  }
}

export interface Attaching {
  readonly image: string
  readonly isRaw: boolean
  readonly sectorSize?: number | undefined
  readonly isReadOnly: boolean
  /** Where what is written goes; null: to the image. */
  readonly shadow: string | null
  readonly isEncrypted: boolean
}

/** `hdiutil attach`; a passphrase is added to its standard input by who runs it. */
export function attachCommand(attaching: Attaching): ToolCommand<readonly DiskEntity[]> {
  const { image, isRaw, sectorSize, isReadOnly, shadow, isEncrypted } = attaching
  const about = { tool: 'hdiutil', file: image } as const
  return {
    tool: 'hdiutil',
    args: [
      'attach',
      '-plist',
      ...(isReadOnly && shadow === null ? ['-readonly'] : []),
      '-nomount',
      '-noverify',
      '-noautoopen',
      ...(isRaw ? ['-imagekey', 'diskimage-class=CRawDiskImage'] : []),
      ...(isRaw && sectorSize !== undefined ? ['-blocksize', String(sectorSize)] : []),
      ...(isEncrypted ? ['-stdinpass'] : []),
      ...(shadow === null ? [] : ['-shadow', shadow]),
      image,
    ],
    expected: anyCode,
    silence,
    parse(output) {
      const number = errorNumber(output)
      const isRefused = number === errno.authentication || (isEncrypted && number === 1)
      if (isRefused) throw wrongKey(image, complaints(output))
      assertSucceeded(output, about)
      return parseAttached(output, about)
    },
  }
}

/** That what standard input gave does not open it; the tool tells nothing else apart from that. */
export function wrongKey(file: string, said: string): DiskError {
  return new DiskError('refused', {
    file,
    reason: `macOS did not open it with what standard input gave${said === '' ? '' : ` (${said})`}`,
    remedy: 'Give its passphrase with --passphrase.',
    finding: 'wrong-key',
    layer: 'L2',
  })
}

/** How a detachment ended. */
export type Detached = 'gone' | 'busy'

/** `hdiutil detach` of a whole disk, which takes its APFS containers with it. */
export function detachCommand(device: string, isForced: boolean): ToolCommand<Detached> {
  return {
    tool: 'hdiutil',
    args: ['detach', device, ...(isForced ? ['-force'] : [])],
    expected: anyCode,
    silence,
    parse(output) {
      const number = errorNumber(output)
      if (number === errno.busy || number === errno.again) return 'busy'
      // It is not there any more.
      if (number === errno.noEntry || number === errno.notConfigured) return 'gone'
      assertSucceeded(output, { tool: 'hdiutil', file: device })
      return 'gone'
    },
  }
}
