import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { ScriptedController } from '@varve/agent/testing/scripted-controller'
import { tempPlace } from '@varve/test-kit/temp-place'
import { describe, expect, test } from 'vitest'

const main = join(import.meta.dirname, 'main.ts')

function start(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()))
  const lines = createInterface({ input: child.stdout })
  return { child, lines, errors: () => errors }
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

test.each([
  ['agent', 'varve agent: serves the disk images of this host'],
  ['controller', 'varve controller: keeps the inventory of a fleet'],
])('./varve %s starts that program of the checkout', async (name, words) => {
  const varve = join(import.meta.dirname, '../../../varve')
  const { stdout } = await promisify(execFile)(varve, [name, '--help'])
  expect(stdout).toContain(words)
})

describe('the Linux agent as a process', () => {
  test('connects, reports its images, says so on standard output, and ends cleanly', async () => {
    await using place = await tempPlace()
    await using controller = await new ScriptedController().start()
    await mkdir(place.file('images'))
    await writeFile(place.file('images/a.raw'), Buffer.alloc(65_536))
    const args = [
      '--controller',
      controller.url,
      '--name',
      'north',
      '--library',
      `images=${place.file('images')}`,
    ]
    const { child, lines, errors } = start(...args)
    try {
      const [line] = (await once(lines, 'line')) as [string]
      expect(line).toMatch(/^connected north to ws:/u)
      const record = await controller.until(() => controller.memory.images.get('north/images/a.raw'))
      expect(record.report.virtualSize).toBe(65_536)
      const [hello] = controller.memory.hellos
      expect(hello?.facts.os).toMatchObject({ platform: 'linux' })
      expect(hello?.facts.tools.length).toBeGreaterThan(10)
    } finally {
      child.kill('SIGTERM')
    }
    expect(await exitOf(child), errors()).toBe(0)
    expect(await readdir(place.file('images'))).toEqual(['a.raw'])
  })

  test.each([
    [['--name', 'north'], /at least one folder of images/u],
    [['--name', 'north', '--library', 'images=/nonexistent'], /there is no such folder/u],
    [['--nonsense'], /nonsense/u],
  ])('%j is refused in one line', async (args, message) => {
    const { child, errors } = start(...args)
    expect(await exitOf(child)).toBe(2)
    expect(errors().trim().split('\n')).toEqual([expect.stringMatching(message)])
  })
})
