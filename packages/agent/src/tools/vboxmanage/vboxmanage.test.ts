import { describe, expect, test } from 'vitest'
import { createLineReader } from '../tool-text.ts'
import { cloneMedium, closeMedium } from './commands.ts'
import { cloneProgress, isSameLocation, mediaOutput } from './output.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const media = (text: string) =>
  mediaOutput({ exitCode: 0, stdout: bytes(text), stderr: bytes(''), label: 'utf-8' })

const files = { source: '/vms/-a b.vdi', target: '/vms/b.vmdk' }

describe('VBoxManage', () => {
  test.each([
    ['vmdk', 'twoGbMaxExtentFlat', ['--format', 'VMDK', '--variant', 'Fixed,Split2G']],
    ['vmdk', 'streamOptimized', ['--format', 'VMDK', '--variant', 'Stream']],
    ['vhd', 'fixed', ['--format', 'VHD', '--variant', 'Fixed']],
    ['vdi', 'dynamic', ['--format', 'VDI', '--variant', 'Standard']],
    ['raw', null, ['--format', 'RAW']],
  ] as const)('clones a medium as %s %s', (format, kind, words) => {
    const { args } = cloneMedium({ ...files, format, kind, isRaw: false })
    expect(args).toEqual(['clonemedium', 'disk', files.source, files.target, ...words])
  })

  test('reads a raw disk, which is no medium, and forgets one', () => {
    const { args } = cloneMedium({ ...files, format: 'vdi', kind: 'fixed', isRaw: true })
    expect(args).toEqual([
      'convertfromraw',
      files.source,
      files.target,
      '--format',
      'VDI',
      '--variant',
      'Fixed',
    ])
    expect(closeMedium('/vms/a.vdi').args).toEqual(['closemedium', 'disk', '/vms/a.vdi'])
  })

  test('its media are told by what stands in their blocks, in any language', () => {
    // VirtualBox 6.0, `list hdds`, and the same with other words and line ends of Windows.
    const english = `UUID:           ebb6dca0-879f-480b-a50e-9efe330bd021
Parent UUID:    base
State:          locked read
Type:           normal (base)
Location:       /virtual/machines/a disk: one.vmdk
Storage format: VMDK
Capacity:       65536 MBytes
Encryption:     disabled

`
    const german = english.replace('Location', 'Speicherort').replace('/virtual', String.raw`D:\virtual`)
    expect(media(english + german.replaceAll('\n', '\r\n'))).toEqual([
      { uuid: 'ebb6dca0-879f-480b-a50e-9efe330bd021', location: '/virtual/machines/a disk: one.vmdk' },
      {
        uuid: 'ebb6dca0-879f-480b-a50e-9efe330bd021',
        location: String.raw`D:\virtual/machines/a disk: one.vmdk`,
      },
    ])
    expect(media('')).toEqual([])
    expect(isSameLocation(String.raw`C:\VMs\a.vdi`, String.raw`c:\vms\A.vdi`, 'win32')).toBe(true)
    expect(isSameLocation('/vms/a.vdi', '/vms/A.vdi', 'linux')).toBe(false)
  })

  test('its progress is one line that grows', () => {
    const seen: (number | null)[] = []
    const lines = createLineReader(
      'utf-8',
      (text) => seen.push(cloneProgress({ stream: 'stderr', text })?.fraction ?? null),
      true,
    )
    for (const piece of ['0%...', '10%...2', '0%...', '100%\nfertig\n']) lines.add(bytes(piece))
    lines.end()
    expect(seen).toEqual([0, null, 0.2, 1, null])
  })
})
