import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestDisk } from '@varve/engine/disks/digest-disk'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'
import { ScriptedController } from './testing/scripted-controller.ts'
import { startAgent } from './testing/start-agent.ts'

const mib = 1024 * 1024
const exportName = 'a-token-that-nobody-can-guess-0123456789'

describe.each([
  ['utm', 'qemu', 'config.plist', ['Data']],
  ['utm', 'apple', 'config.plist', ['Data']],
  ['utm', null, 'config.plist', ['Data']],
  ['pvm', null, 'config.pvs', ['harddisk1.hdd']],
] as const)('a disk becomes a %s (%s) on another host', (format, subformat, definition, folders) => {
  test('pulled into a hidden folder, proven, then named', async () => {
    const target = { library: 'images', name: `web 01.${format}` }
    await using place = await tempPlace()
    await using controller = await new ScriptedController().start()
    await using north = await startAgent({ controller, name: 'north', folder: place.file('north') })
    await using south = await startAgent({ controller, name: 'south', folder: place.file('south') })
    await controller.until(() => controller.memory.resumes.length === 2)
    const bytes = Buffer.alloc(20 * mib).fill('guest', 3 * mib, 9 * mib)
    await writeFile(join(north.library, 'disk.raw'), bytes)
    const { endpoint } = await controller.run<'export'>('north', {
      kind: 'export',
      library: 'images',
      name: 'disk.raw',
      exportName,
      expiresInSeconds: 60,
    })
    const copy = { endpoint, target, format, subformat, compression: 'none' } as const
    const choices = { architecture: 'aarch64', firmware: 'efi' } as const
    const measured = await controller.run<'measure'>('south', { kind: 'measure', ...copy })
    const pullId = 'pull-1'
    const pulled = await controller.run<'pull'>('south', { kind: 'pull', pullId, ...copy, choices })
    const hidden = `.web 01.${format}.pull-1.part`
    expect(await readdir(south.library)).toEqual([hidden])
    expect((await readdir(join(south.library, hidden))).toSorted()).toEqual(
      [...folders, definition].toSorted(),
    )
    expect(pulled.fileSize).toBeLessThanOrEqual(measured.required + 20 * mib)
    const check = { pullId, target, format, subformat, expected: pulled.digest }
    const verified = await controller.run<'verify'>('south', { kind: 'verify', ...check })
    expect(verified.digest).toBe(pulled.digest)
    const published = await controller.run<'publish'>('south', {
      kind: 'publish',
      pullId,
      target,
      format,
      subformat,
    })
    expect(published.path).toBe(join(south.library, target.name))
    expect((await stat(published.path)).isDirectory()).toBe(true)
    const input = { kind: 'image', path: published.path, roots: [south.library], format: null } as const
    expect((await digestDisk(input)).digest).toBe(pulled.digest)
    const text = await readFile(join(published.path, definition), 'utf8')
    expect(text).toContain('web 01<')
    if (format === 'utm') expect(text).toContain('<string>aarch64</string>')
    else expect(text).toContain('<EfiEnabled>5</EfiEnabled>')
    // The library shows its disk as the image that it is.
    const row = await controller.until(() =>
      [...controller.memory.images].find(([name]) => name.startsWith(`south/images/${target.name}/`)),
    )
    expect(row[1].report.virtualSize).toBe(bytes.length)
  })
})
