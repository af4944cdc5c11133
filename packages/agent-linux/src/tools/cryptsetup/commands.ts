import { basename } from 'node:path'
import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { DiskError } from '@varve/core/problems/disk-error'

interface Opening {
  readonly device: string
  /** Below /dev/mapper. */
  readonly mapped: string
  readonly isReadOnly: boolean
}

/** A key is derived with as much work as its owner wanted. */
const silence = { ms: 300_000, io: true }
/** cryptsetup(8): no key slot is opened by it. */
const wrongKey = 2

/** `cryptsetup open` with the key on its standard input, as bytes. */
export function openCommand({ device, mapped, isReadOnly }: Opening): ToolCommand<null> {
  return {
    tool: 'cryptsetup',
    args: [
      'open',
      '--type',
      'luks',
      ...(isReadOnly ? ['--readonly'] : []),
      '--batch-mode',
      '--key-file=-',
      device,
      basename(mapped),
    ],
    expected: [0, wrongKey],
    silence,
    parse({ exitCode }) {
      if (exitCode === 0) return null
      throw new DiskError('refused', {
        file: device,
        reason: 'what standard input gave opens none of its key slots',
        remedy: 'Give its passphrase with --luks, or the bytes of its key file with --luks-key.',
        finding: 'wrong-key',
        layer: 'L5',
      })
    },
  }
}

/** `cryptsetup close`; 4: there is none of that name, 5: somebody uses it. */
export function closeCommand(mapped: string): ToolCommand<null> {
  return { tool: 'cryptsetup', args: ['close', basename(mapped)], expected: [0, 4, 5], parse: () => null }
}
