import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { anyCode, assertSucceeded, complaints, errno, errorNumber } from '../plist-output.ts'
import { wrongKey } from '../hdiutil/commands.ts'
import { parseAttached, type DiskEntity } from '../hdiutil/output.ts'
import {
  parseApfsList,
  parseDiskImageInfo,
  parseDiskInfo,
  parseDiskList,
  type ApfsContainer,
  type DiskInfo,
  type ListedDisk,
} from './output.ts'

/** Disks that sleep are waited for. */
const silence = { ms: 60_000 }

/** Every disk with its parts. */
export function listCommand(): ToolCommand<readonly ListedDisk[]> {
  return { tool: 'diskutil', args: ['list', '-plist'], silence, parse: parseDiskList }
}

/** One disk, partition or volume; null: there is none of that name. */
export function diskInfoCommand(device: string): ToolCommand<DiskInfo | null> {
  return {
    tool: 'diskutil',
    args: ['info', '-plist', device],
    expected: [0, 1],
    silence,
    parse: (output) => (output.exitCode === 0 ? parseDiskInfo(output, device) : null),
  }
}

/** Every APFS container with its volumes. */
export function apfsListCommand(): ToolCommand<readonly ApfsContainer[]> {
  return { tool: 'diskutil', args: ['apfs', 'list', '-plist'], silence, parse: parseApfsList }
}

/** Whether this macOS has `diskutil image`, which attaches ASIF: 26 and later. */
export function hasImagesCommand(): ToolCommand<boolean> {
  return {
    tool: 'diskutil',
    args: ['image', 'create', 'blank', '--help'],
    expected: anyCode,
    silence,
    parse: ({ exitCode }) => exitCode === 0,
  }
}

/** What macOS knows of an image, ASIF too. */
export function imageInfoCommand(
  image: string,
): ToolCommand<{ readonly format: string | null; readonly size: number }> {
  return {
    tool: 'diskutil',
    args: ['image', 'info', '--plist', image],
    expected: anyCode,
    silence,
    parse(output) {
      assertSucceeded(output, { tool: 'diskutil', file: image })
      return parseDiskImageInfo(output, image)
    },
  }
}

/** `diskutil image attach`; a passphrase is added to its standard input by who runs it. */
export function attachImageCommand({
  image,
  isReadOnly,
  isEncrypted,
}: {
  readonly image: string
  readonly isReadOnly: boolean
  readonly isEncrypted: boolean
}): ToolCommand<readonly DiskEntity[]> {
  const about = { tool: 'diskutil', file: image } as const
  return {
    tool: 'diskutil',
    args: [
      'image',
      'attach',
      '--plist',
      ...(isReadOnly ? ['--readOnly'] : []),
      '--noMount',
      ...(isEncrypted ? ['--stdinpassphrase'] : []),
      image,
    ],
    expected: anyCode,
    silence,
    parse(output) {
      const number = errorNumber(output)
      if (number === errno.authentication || (isEncrypted && number === 1))
        throw wrongKey(image, complaints(output))
      assertSucceeded(output, about)
      return parseAttached(output, about)
    },
  }
}

/** `diskutil mount` of one volume at a folder that is there. */
export function mountCommand({
  device,
  folder,
  isReadOnly,
}: {
  readonly device: string
  readonly folder: string
  readonly isReadOnly: boolean
}): ToolCommand<null> {
  return {
    tool: 'diskutil',
    args: ['mount', ...(isReadOnly ? ['readOnly'] : []), '-mountPoint', folder, device],
    expected: anyCode,
    silence,
    parse(output) {
      assertSucceeded(output, { tool: 'diskutil', file: folder })
      return null
    },
  }
}

/** `diskutil unmount`; whether it came to that is read from what is mounted. */
export function unmountCommand(folder: string): ToolCommand<null> {
  return { tool: 'diskutil', args: ['unmount', folder], expected: anyCode, silence, parse: () => null }
}
