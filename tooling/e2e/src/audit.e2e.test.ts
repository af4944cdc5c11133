import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fleet, root } from './fleet.ts'

let place: TempPlace
let fleet: Fleet

async function varve(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [join(root, 'packages/cli/bin/varve.mjs'), ...args],
    {
      reject: false,
      stdin: 'ignore',
      env: { VARVE_CONTROLLER: fleet.url, VARVE_STATE: place.file('state') },
    },
  )
  return { exitCode, stdout, stderr, lines: stdout.split('\n') }
}

beforeAll(async () => {
  place = await tempPlace()
  fleet = await Fleet.start(place.file('fleet'))
  await writeFile(join(fleet.library('north'), 'web01.img'), randomBytes(4 * 1024 ** 2))
  await fleet.image('north', 'web01.img')
  const image = ['--host', 'north', '--accept', 'raw-unrecognised']
  expect(await varve('schedule', 'set', 'north:images', '--every', '30d', '--off')).toMatchObject({ exitCode: 0 })
  expect(await varve('convert', 'web01.img', 'web01.qcow2', '-O', 'qcow2', '--yes', ...image)).toMatchObject({
    exitCode: 0,
  })
  expect(await varve('hosts', '--forget', 'nobody')).toMatchObject({ exitCode: 4 })
  expect(await varve('schedule', 'remove', 'north:images')).toMatchObject({ exitCode: 0 })
})
afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

describe('varve audit', () => {
  test('lists who changed what, with what became of it', async () => {
    const { lines } = await varve('audit')
    expect(lines[0]).toMatch(/^LINE +TIME \(UTC\) +WHO +WHAT +RESULT +ON$/u)
    const shown = lines.slice(1).filter((line) => !line.includes('audit.sign'))
    expect(shown.map((line) => line.trim().split(/ {2,}/u).slice(2, 5))).toEqual([
      ['local 127.0.0.1', 'schedules.remove', 'ok'],
      ['local 127.0.0.1', 'fleet.forget', 'refused not-in-fleet'],
      ['local', 'runs.start (end)', 'succeeded'],
      ['local 127.0.0.1', 'runs.start', 'ok'],
      ['local 127.0.0.1', 'schedules.set', 'ok'],
    ])
    expect(shown[3]).toContain(`file:north:${join(fleet.library('north'), 'web01.img')}`)
  })

  test('filters', async () => {
    const found = async (...filter: string[]) => {
      const { lines } = await varve('audit', '--json', ...filter)
      return lines.filter(Boolean).map((line) => JSON.parse(line).entry.what as string)
    }
    expect(await found('--what', 'schedules.')).toEqual(['schedules.set', 'schedules.remove'])
    expect(await found('--what', 'schedules.', '--limit', '1')).toEqual(['schedules.remove'])
    expect(await found('--result', 'refused')).toEqual(['fleet.forget'])
    expect(await found('--on', 'web01.img', '--result', 'succeeded')).toEqual(['runs.start'])
    expect(await found('--who', 'no such person')).toEqual([])
    expect(await found('--since', '1h', '--what', 'fleet')).toEqual(['fleet.forget'])
    expect(await found('--until', '2026-01-01')).toEqual([])
    expect(await varve('audit', '--since', 'yesterday')).toMatchObject({ exitCode: 2 })
    expect(await varve('audit', '--result', 'well')).toMatchObject({ exitCode: 2 })
  })

  test('exports lines of syslog', async () => {
    const { lines } = await varve('audit', '--syslog')
    const pattern =
      /^<(?<priority>\d+)>1 \d{4}-\d\d-\d\dT[\d:.]+Z 127\.0\.0\.1 varve - [\w.]+ \[varve@32473(?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+\] [^\n]+$/u
    for (const line of lines) expect(line).toMatch(pattern)
    const refused = lines.find((line) => line.includes('fleet.forget'))
    expect(refused).toMatch(/^<108>1 /u)
    expect(refused).toContain('on="host:nobody"')
  })

  test('is whole, and so is what was exported, which is checked without the controller', async () => {
    // A controller that is stopped signs its log.
    await fleet.stop('controller')
    await fleet.run('controller')
    const whole = await varve('audit', 'verify')
    expect(whole).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('The log is whole.') })
    const head = /^head (?<hash>[0-9a-f]{64})$/mu.exec(whole.stdout)?.groups?.['hash'] ?? ''
    expect(await varve('audit', 'verify', '--head', head)).toMatchObject({ exitCode: 0 })
    const other = await varve('audit', 'verify', '--head', 'f'.repeat(64))
    expect(other).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('which you keep') })

    const { stdout: key } = await varve('audit', 'key')
    expect(key).toMatch(/^-----BEGIN PUBLIC KEY-----\n/u)
    await writeFile(place.file('key.pem'), `${key}\n`)
    const { stdout } = await varve('audit', '--json')
    const verify = async (text: string, ...more: string[]) => {
      await writeFile(place.file('log.jsonl'), `${text}\n`)
      return await varve('audit', 'verify', place.file('log.jsonl'), '--key', place.file('key.pem'), ...more)
    }
    const exported = stdout.split('\n')
    await fleet.stop('controller')
    expect(await verify(stdout, '--head', head)).toMatchObject({ exitCode: 0 })
    const [first = '', second = '', third = ''] = exported
    const rest = exported.slice(3)
    const cases: readonly (readonly [string[], string])[] = [
      [[first, second.replace('"local"', '"person"'), third, ...rest], 'line 2 was changed'],
      [[first, third, ...rest], 'line 2 is missing before line 3'],
      [[first, third, second, ...rest], 'stands after line'],
      [[first, second, second, third, ...rest], 'stands after line'],
      [[first, 'nothing', second, third, ...rest], 'line 2 of the file is none of an audit log'],
      [exported.slice(0, -1), 'which you keep'],
    ]
    for (const [lines, said] of cases)
      expect(await verify(lines.join('\n'), '--head', head)).toMatchObject({
        exitCode: 1,
        stdout: expect.stringContaining(said),
      })
    await writeFile(place.file('other.pem'), (await readFile(place.file('key.pem'), 'utf8')).slice(0, 60))
    expect(
      await varve('audit', 'verify', place.file('log.jsonl'), '--key', place.file('other.pem')),
    ).toMatchObject({ exitCode: 2 })
    expect(await varve('audit', 'verify', place.file('not-there'))).toMatchObject({ exitCode: 4 })
    await fleet.run('controller')
  })
})
