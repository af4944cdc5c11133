import { resolve } from 'node:path'
import { rm, truncate, writeFile } from 'node:fs/promises'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const command = resolve(import.meta.dirname, '../bin/varve.mjs')

describe.skipIf(!requires('qemu-img'))('varve over several files', () => {
  let place: TempPlace

  async function varve(...args: string[]) {
    const options = { reject: false, stdin: 'ignore', cwd: place.path } as const
    const { exitCode, stdout, stderr } = await execa(process.execPath, [command, ...args], options)
    return { exitCode, stdout, stderr }
  }

  beforeAll(async () => {
    place = await tempPlace()
    for (const name of ['a', 'b']) {
      await writeFile(place.file(`${name}.raw`), Buffer.alloc(2 ** 20, name))
      const to = place.file(`${name}.qcow2`)
      await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', place.file(`${name}.raw`), to])
    }
    await writeFile(place.file('cut.qcow2'), Buffer.from('QFI\u00fb', 'latin1'))
  })
  afterAll(() => place[Symbol.asyncDispose]())

  test('a pattern gives one array, each member with its file', async () => {
    const digests = await varve('digest', '[ab].qcow2', '-f', 'qcow2', '--json')
    expect(digests).toMatchObject({ exitCode: 0, stderr: '' })
    expect(JSON.parse(digests.stdout)).toMatchObject([
      { file: 'a.qcow2', virtualSize: 2 ** 20 },
      { file: 'b.qcow2', virtualSize: 2 ** 20 },
    ])
    const one = await varve('info', 'b*.qcow2', '--json')
    expect(JSON.parse(one.stdout)).toMatchObject([{ file: 'b.qcow2', format: 'qcow2' }])
    expect(JSON.parse((await varve('info', 'a.qcow2', '--json')).stdout)).toMatchObject({ format: 'qcow2' })
  })

  test('one that fails does not keep the others from their turn; the exit code is the worst', async () => {
    const files = ['nowhere.qcow2', 'cut.qcow2', 'a.qcow2']
    const json = await varve('check', ...files, '--json')
    expect(json.exitCode).toBe(3)
    expect(JSON.parse(json.stdout)).toMatchObject([
      { file: 'nowhere.qcow2', error: { code: 'not-found' } },
      { file: 'cut.qcow2' },
      { file: 'a.qcow2', totals: { corruptions: 0, leaks: 0 } },
    ])
    const text = await varve('check', ...files)
    expect(text.exitCode).toBe(3)
    expect(text.stdout).toContain('==> a.qcow2 <==')
    expect(text.stderr).toContain('nowhere.qcow2')
    expect((await varve('check', 'nowhere.qcow2', 'a.qcow2')).exitCode).toBe(4)
  })

  test('a file whose name is a pattern is that file; a pattern that matches nothing is not found', async () => {
    await writeFile(place.file('[ab].raw'), '')
    await truncate(place.file('[ab].raw'), 3 * 2 ** 20)
    const said = await varve('digest', '[ab].raw', '-f', 'raw', '--json')
    await rm(place.file('[ab].raw'))
    expect(JSON.parse(said.stdout)).toMatchObject({ virtualSize: 3 * 2 ** 20 })
    expect((await varve('digest', '*.vdi')).exitCode).toBe(4)
  })

  test('a wrong use is said once, and nothing is done', async () => {
    const said = await varve('info', 'a.qcow2', 'b.qcow2', '-f', 'nothing', '--json')
    expect(said.exitCode).toBe(2)
    expect(JSON.parse(said.stdout)).toMatchObject({ error: { code: 'usage' } })
    expect((await varve('info')).exitCode).toBe(2)
  })
})
