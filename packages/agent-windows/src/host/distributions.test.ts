import { ScriptedToolRunner, type ScriptedAnswer } from '@varve/agent/testing/scripted-tool-runner'
import { expect, test } from 'vitest'
import { listRunning, wslFailed } from '../tools/wsl/commands.ts'
import { distributionsNow, type FileHolding } from './distributions.ts'

const { tool, args, env } = listRunning
const asked = { tool, args, ...(env && { env }) }
const path = (name: string) => `C:\\wsl\\${name}\\ext4.vhdx`

const anna = {
  sid: 'S-1-5-21-1',
  name: String.raw`PC\anna`,
  isOwn: true,
  isHidden: false,
  data: String.raw`C:\Users\anna\AppData\Local`,
}
const bernd = { sid: 'S-1-5-21-2', name: null, isOwn: false, isHidden: false, data: null }
const carl = { ...bernd, sid: 'S-1-5-21-3', name: 'carl', isHidden: true, data: 'C:\\x' }

const distribution = (name: string, more: object = {}) => ({
  user: anna.sid,
  id: name,
  name,
  path: path(name),
  state: 1,
  isDefault: false,
  exists: true,
  isSparse: false,
  ...more,
})

async function look(
  found: { distributions: object[]; docker?: object[] },
  answers: readonly Omit<ScriptedAnswer, 'tool' | 'args'>[] = [],
  holdings: Readonly<Record<string, FileHolding>> = {},
) {
  const runner = new ScriptedToolRunner(answers.map((one) => ({ ...asked, ...one })))
  const files: string[] = []
  const now = await distributionsNow({
    scripts: { call: async () => ({ users: [anna, bernd, carl], docker: [], ...found }) },
    runner,
    wsl: '/wsl.exe',
    askFile: async (file) => {
      files.push(file)
      return holdings[file] ?? 'free'
    },
  })
  expect(runner.left).toEqual([])
  return { ...now, files, states: now.distributions.map(({ state }) => state) }
}

test('own ones run as wsl.exe tells, whatever the case of the name; an export holds the disk', async () => {
  const distributions = [
    distribution('Debian'),
    distribution('ubuntu'),
    distribution('exported'),
    distribution('installs', { state: 3 }),
    distribution('first', { path: null, exists: null }),
  ]
  const { states, files } = await look({ distributions }, [{ stdout: 'debian\r\n' }], {
    [path('exported')]: 'held',
    [path('ubuntu')]: 'not-seen',
  })
  expect(states).toEqual(['running', 'stopped', 'running', 'installing', 'stopped'])
  expect(files).toEqual([path('ubuntu'), path('exported')])
})

test('those of others are asked for by their files; wsl.exe is not started for them', async () => {
  const of = { user: bernd.sid }
  const distributions = ['runs', 'off', 'closed'].map((name) => distribution(name, of))
  const found = await look(
    { distributions: [...distributions, distribution('first', { ...of, path: null })] },
    [],
    {
      [path('runs')]: 'held',
      [path('closed')]: 'not-seen',
    },
  )
  expect(found.states).toEqual(['running', 'stopped', 'unknown', 'unknown'])
  expect(found.distributions[0]).toMatchObject({ owner: bernd.sid, isOwn: false, version: 2 })
  expect([found.hidden, found.seenBelow]).toEqual([['carl'], [anna.data]])
})

test('where wsl.exe does not tell, files are asked', async () => {
  const found = { distributions: [distribution('Debian'), distribution('other')] }
  const held = { [path('Debian')]: 'held' } as const
  const code = 'Fehlercode: Wsl/Service/0x80040154\r\n'
  for (const answer of [{ exitCode: wslFailed, stdout: code }, { exitCode: 1 }, { isSilent: true }])
    expect((await look(found, [answer], held)).states).toEqual(['running', 'stopped'])
  const none = { exitCode: wslFailed, stdout: 'Es werden keine Distributionen ausgeführt.\r\n' }
  expect((await look(found, [none])).states).toEqual(['stopped', 'stopped'])
})

test('the disk of Docker Desktop is used while its distribution runs; an older one is that of a distribution', async () => {
  const disk = String.raw`C:\Users\anna\AppData\Local\Docker\wsl\disk\docker_data.vhdx`
  const old = String.raw`C:\Users\anna\AppData\Local\Docker\wsl\data\ext4.vhdx`
  const docker = [disk, old].map((one) => ({ user: anna.sid, path: one, isSparse: true }))
  const distributions = [
    distribution('docker-desktop'),
    distribution('docker-desktop-data', { path: `\\\\?\\${old.toUpperCase()}` }),
  ]
  const running = await look({ distributions, docker }, [{ stdout: 'docker-desktop\r\n' }])
  expect(running.distributions.map(({ kind, state }) => [kind, state])).toEqual([
    ['distribution', 'running'],
    ['distribution', 'stopped'],
    ['docker-disk', 'running'],
  ])
  expect(running.distributions[1]?.disk?.path).toBe(old.toUpperCase())
  const off = await look({ distributions, docker }, [{}])
  expect(off.states.at(-1)).toBe('stopped')
  expect((await look({ distributions, docker }, [{}], { [disk]: 'held' })).states.at(-1)).toBe('running')
})
