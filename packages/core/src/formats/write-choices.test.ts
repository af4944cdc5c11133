import { describe, expect, test } from 'vitest'
import type { WriteChoices } from '../image/image-choices.ts'
import { assertChoices, choiceConflict, readChoices } from './write-choices.ts'

const backing = { name: 'base.qcow2', format: 'qcow2' }

describe('readChoices', () => {
  test('what a format offers; the last one counts', () => {
    expect(readChoices('qcow2', ['extended_l2=on', 'preallocation=full', 'preallocation=metadata'])).toEqual({
      choices: { extendedL2: true, preallocation: 'metadata' },
    })
    expect(readChoices('qcow2', ['extended_l2=off'])).toEqual({ choices: { extendedL2: false } })
    expect(readChoices('raw', ['preallocation=falloc'])).toEqual({ choices: { preallocation: 'falloc' } })
    expect(readChoices('vhd', [])).toEqual({ choices: {} })
    expect(readChoices('vhdx', ['logical_sector_size=4096'])).toEqual({
      choices: { logicalSectorSize: 4096 },
    })
    expect(readChoices('ova', ['cpus=2', 'memory=4G', 'firmware=efi'])).toEqual({
      choices: { cpus: 2, memory: 4 * 1024 ** 3, firmware: 'efi' },
    })
    expect(readChoices('ova', ['memory=1536MiB'])).toEqual({ choices: { memory: 1536 * 1024 ** 2 } })
  })

  test.each([
    ['qcow2', 'extended_l2', 'it has extended_l2 and preallocation'],
    ['qcow2', 'extended_l2=maybe', 'extended_l2 is one of off, on'],
    ['qcow2', '__proto__=on', 'it has extended_l2 and preallocation'],
    ['qcow2', '', 'it has extended_l2 and preallocation'],
    ['raw', 'extended_l2=on', 'it has preallocation'],
    ['raw', 'preallocation=metadata', 'preallocation is one of off, falloc, full'],
    ['vdi', 'preallocation=full', 'it has none'],
    ['vhdx', 'logical_sector_size=2048', 'logical_sector_size is one of 512, 4096'],
    ['ova', 'cpus=0', 'cpus is a whole number from 1 to 1024'],
    ['ova', 'cpus=1e3', 'cpus is a whole number'],
    ['ova', 'memory=4096', 'memory is a size such as 512M or 4G'],
    ['ova', 'memory=1M', 'from 4 MiB to 64 TiB'],
    ['ova', 'firmware=uefi', 'firmware is one of bios, efi'],
    ['vmdk', 'cpus=2', 'it has none'],
  ] as const)('%s has no %j', (format, text, fault) => {
    expect(readChoices(format, [text])).toEqual({ fault: expect.stringContaining(fault) as string })
  })
})

describe('choiceConflict', () => {
  const good: readonly [WriteChoices, string][] = [
    [{}, 'zstd'],
    [{ extendedL2: true, backing }, 'zlib'],
    [{ extendedL2: true, preallocation: 'full' }, 'none'],
    [{ preallocation: 'off', backing }, 'zstd'],
  ]
  test.each(good)('%j with compression %s', (choices, compression) => {
    expect(choiceConflict('qcow2', { choices, compression })).toBeNull()
  })

  const bad: readonly ['qcow2' | 'raw' | 'vmdk', WriteChoices, string][] = [
    ['qcow2', { preallocation: 'metadata' }, 'zlib'],
    ['qcow2', { preallocation: 'falloc', backing }, 'none'],
    ['raw', { backing }, 'none'],
    ['raw', { preallocation: 'metadata' }, 'none'],
    ['raw', { extendedL2: true }, 'none'],
    ['vmdk', { preallocation: 'full' }, 'none'],
    ['vmdk', { firmware: 'efi' }, 'none'],
    ['raw', { logicalSectorSize: 4096 }, 'none'],
  ]
  test.each(bad)('%s: not %j with compression %s', (format, choices, compression) => {
    expect(choiceConflict(format, { choices, compression })).not.toBeNull()
    expect(() => assertChoices(format, { choices, compression })).toThrow(
      expect.objectContaining({ code: 'refused' }),
    )
  })
})
