import { open, readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { requires, runToolOk } from '@varve/test-kit/tools'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const command = resolve(import.meta.dirname, '../bin/varve.mjs')

/** Of this test only: the journals of its runs and its quarantines. */
let state: TempPlace
beforeAll(async () => {
  state = await tempPlace()
})
afterAll(() => state[Symbol.asyncDispose]())

async function varve(...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const env = { XDG_STATE_HOME: state.path }
  const said = await execa(process.execPath, [command, ...args], { reject: false, stdin: 'ignore', env })
  return { exitCode: said.exitCode ?? -1, stdout: said.stdout, stderr: said.stderr }
}

async function makeQcow2(place: TempPlace): Promise<string> {
  const path = place.file('disk.qcow2')
  await runToolOk('qemu-img', ['create', '-q', '-f', 'qcow2', path, '16M'])
  await runToolOk('qemu-io', ['-f', 'qcow2', '-c', 'write -q -P 3 0 1M', path])
  return path
}

async function overwrite(path: string, at: number, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, at)
}

/** The cluster that the guest's first bytes lie in is in no table any more. */
async function leak(path: string): Promise<void> {
  const image = await readFile(path)
  const l1 = Number(image.readBigUInt64BE(40))
  const l2 = Number(image.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n)
  await overwrite(path, l2, new Uint8Array(8))
}

describe.skipIf(!requires('qemu-img', 'qemu-io'))('varve check', () => {
  test('a clean image is exit code 0, also as JSON', async () => {
    await using place = await tempPlace()
    const path = await makeQcow2(place)
    const said = await varve('check', path)
    expect(said).toMatchObject({ exitCode: 0, stderr: '' })
    expect(said.stdout).toContain('nothing wrong')
    const { stdout } = await varve('check', path, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ format: 'qcow2', isComplete: true, findings: [], fixes: [] })
  })

  test('leaks are exit code 9 until they are repaired, and again when that is undone', async () => {
    await using place = await tempPlace()
    const path = await makeQcow2(place)
    const image = await readFile(path)
    const l1 = Number(image.readBigUInt64BE(40))
    const l2 = Number(image.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n)
    await overwrite(path, l2, new Uint8Array(8))
    const said = await varve('check', path)
    expect(said.exitCode).toBe(9)
    expect(said.stdout).toContain('1 leaks')
    expect((await varve('check', path, '--repair')).exitCode).toBe(2)
    const backup = place.file('backup.json')
    const repaired = await varve('check', path, '--repair', '--backup', backup)
    expect(repaired).toMatchObject({ exitCode: 0, stderr: '' })
    expect(repaired.stdout).toContain('1 leaked clusters are given back')
    expect((await varve('check', path, '--undo', backup)).exitCode).toBe(0)
    expect((await varve('check', path)).exitCode).toBe(9)
  })

  test('corruption is exit code 3 and is not repaired', async () => {
    await using place = await tempPlace()
    const path = await makeQcow2(place)
    const image = await readFile(path)
    const l1 = Number(image.readBigUInt64BE(40))
    const l2 = Number(image.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n)
    await overwrite(path, l2 + 8, image.subarray(l2, l2 + 8))
    const said = await varve('check', path)
    expect(said.exitCode).toBe(3)
    expect(said.stdout).toContain('corrupt')
    const repair = await varve('check', path, '--repair', '--backup', place.file('backup.json'))
    expect(repair.exitCode).toBe(3)
    expect(repair.stderr).toContain('not repaired')
  })

  test('a repair shows its plan and its script, which do nothing; its run is undone by its id', async () => {
    await using place = await tempPlace()
    const path = await makeQcow2(place)
    await leak(path)
    const before = await readFile(path)
    const backup = place.file('backup.json')
    const repair = async (...more: string[]) => varve('check', path, '--repair', ...more)
    const plan = await repair('--backup', backup, '--plan', '--json')
    expect(JSON.parse(plan.stdout)).toMatchObject({
      operation: 'repair',
      steps: [{ id: 'repair' }, { id: 'check' }],
    })
    const script = await repair('--with', 'qemu-img', '--script')
    expect(script.stdout).toMatch(/^qemu-img check -f qcow2 --output=json -r leaks -- \/.*\.part$/mu)
    expect((await readFile(path)).equals(before)).toBe(true)
    const done = await repair('--backup', backup, '--json')
    expect(JSON.parse(done.stdout)).toMatchObject({ totals: { leaks: 0 }, fixes: [expect.any(String)] })
    const runs = JSON.parse((await varve('runs', '--json')).stdout) as { run: string; summary: string }[]
    const own = runs.find(({ summary }) => summary.includes(basename(path)))
    expect((await varve('runs', own?.run ?? '', '--undo')).exitCode).toBe(0)
    expect((await readFile(path)).equals(before)).toBe(true)
  })

  test('qemu-img repairs a copy, with consent only; the original is kept', async () => {
    await using place = await tempPlace()
    const path = await makeQcow2(place)
    await leak(path)
    const before = await readFile(path)
    const repair = ['check', path, '--repair', '--with', 'qemu-img']
    expect((await varve(...repair)).exitCode).toBe(10)
    expect((await readFile(path)).equals(before)).toBe(true)
    expect((await varve(...repair, '--backup', place.file('b'))).exitCode).toBe(2)
    const done = await varve(...repair, '--yes')
    expect(done).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('1 leak and') as string })
    expect((await varve('check', path)).exitCode).toBe(0)
    const kept = await varve('quarantine', 'list', place.path, '--json')
    expect(kept.stdout).toContain(basename(path))
  })

  test('a missing file is exit code 4', async () => {
    expect((await varve('check', '/nowhere/disk.qcow2')).exitCode).toBe(4)
  })
})
