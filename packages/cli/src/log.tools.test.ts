import { resolve } from 'node:path'
import { tempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'

const command = resolve(import.meta.dirname, '../bin/varve.mjs')

describe.skipIf(!requires('qemu-img'))('the log of a command', () => {
  test('has each tool and each entry of the journal, on standard error only, and is silent unless asked for', async () => {
    await using place = await tempPlace()
    const image = place.file('disk.qcow2')
    await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', image, '1M'])
    const varve = async (env: Record<string, string>, ...args: string[]) =>
      execa(process.execPath, [command, 'check', image, '--repair', '--with', 'qemu-img', '--yes', ...args], {
        stdin: 'ignore',
        env: { VARVE_STATE: place.file('state'), ...env },
      })
    expect((await varve({})).stderr).toBe('')
    const { stderr, stdout } = await varve({ VARVE_LOG: 'info' }, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ format: 'qcow2' })
    const lines = stderr.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines).toContainEqual(
      expect.objectContaining({ command: expect.stringContaining('check -f qcow2') as string, exitCode: 0 }),
    )
    expect(lines.map(({ event }) => event).filter((event) => event !== undefined)).toEqual([
      'created',
      ...['copy', 'repair', 'check', 'replace'].flatMap(() => ['started', 'done']),
      'ended',
    ])
    const wrong = await execa(process.execPath, [command, 'runs'], {
      env: { VARVE_LOG: 'loud' },
      reject: false,
    })
    expect(wrong).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('VARVE_LOG is one of') as string,
    })
  }, 120_000)
})
