import { stat, truncate } from 'node:fs/promises'
import { resolve } from 'node:path'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'

const command = resolve(import.meta.dirname, '../bin/varve.mjs')

async function varve(...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const said = await execa(process.execPath, [command, ...args], { reject: false, stdin: 'ignore' })
  return { exitCode: said.exitCode ?? -1, stdout: said.stdout, stderr: said.stderr }
}

/** A stream of 8 MiB that lost its last half. */
async function cutStream(place: TempPlace): Promise<string> {
  const raw = place.file('disk.raw')
  const path = place.file('disk.vmdk')
  await runToolOk('qemu-img', ['create', '-q', '-f', 'raw', raw, '8M'])
  await runToolOk('qemu-io', ['-f', 'raw', '-c', 'write -q -P 3 0 8M', raw])
  const options = ['-O', 'vmdk', '-o', 'subformat=streamOptimized']
  await runToolOk('qemu-img', ['convert', '-q', '-f', 'raw', ...options, raw, path])
  await truncate(path, Math.floor((await stat(path)).size / 2))
  return path
}

describe.skipIf(!requires('qemu-img', 'qemu-io'))('--rescue', () => {
  test('is never the default, and loud on standard error and in JSON', async () => {
    await using place = await tempPlace()
    const path = await cutStream(place)
    expect((await varve('digest', path)).exitCode).toBe(3)
    const target = place.file('rescued.raw')
    const text = await varve('convert', path, target, '--rescue')
    expect(text.exitCode).toBe(0)
    expect(text.stderr).toContain('RESCUE: read with force')
    expect(text.stderr).toContain('cut short')
    expect(text.stdout).toContain('NOT proven to be the disk')
    const notice = { proven: false, findings: [{ id: expect.stringContaining('rescued-') as string }] }
    for (const args of [
      ['digest', path],
      ['info', path],
      ['compare', path, target],
    ]) {
      const json = await varve(...args, '--rescue', '--json')
      expect(json.exitCode).toBe(0)
      expect(json.stderr).toContain('RESCUE')
      expect(JSON.parse(json.stdout)).toMatchObject({ rescue: notice })
    }
    const map = await varve('map', path, '--rescue')
    expect(map.stderr).toContain('RESCUE')
    expect(map.stdout).toContain('data')
  })

  test('does not soften a check, and is not there for migrations', async () => {
    await using place = await tempPlace()
    const path = await cutStream(place)
    expect((await varve('check', path, '--rescue')).exitCode).toBe(3)
    expect((await varve('migrate', '--rescue', 'a:b', 'c:d')).stderr).toContain('--rescue')
  })
})
