import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '@varve/agent/config'
import { ScriptedToolRunner, type ScriptedAnswer } from '@varve/agent/testing/scripted-tool-runner'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serviceName } from './definition.ts'
import { isServiceFault } from './service-fault.ts'
import { serviceWord } from './service-word.ts'
import { MemoryServices, type MemorySystemOptions } from './testing/memory-services.ts'
import { hyperVAdministrators, virtualAccountSid } from './virtual-account.ts'

const sid = virtualAccountSid(serviceName)
let place: TempPlace
let data: string
let images: string

beforeEach(async () => {
  place = await tempPlace()
  data = place.file('data')
  images = place.file('images')
  await mkdir(images)
})
afterEach(async () => await place[Symbol.asyncDispose]())

const close = (): ScriptedAnswer => ({
  tool: 'icacls',
  args: [
    data,
    '/inheritance:r',
    '/grant:r',
    '*S-1-5-18:(OI)(CI)F',
    '/grant:r',
    '*S-1-5-32-544:(OI)(CI)F',
    '/grant:r',
    `*${sid}:(OI)(CI)M`,
    '/q',
  ],
})
const letIn = (folder: string): ScriptedAnswer => ({
  tool: 'icacls',
  args: [folder, '/grant:r', `*${sid}:(OI)(CI)M`, '/q'],
})
const letOut = (folder: string): ScriptedAnswer => ({
  tool: 'icacls',
  args: [folder, '/remove:g', `*${sid}`, '/q'],
})

/** The word on a host in memory. */
function host(options: MemorySystemOptions = {}) {
  const system = new MemoryServices({ groups: [hyperVAdministrators], ...options })
  const said: string[] = []
  const codes: number[] = []
  async function run(words: readonly string[], answers: readonly ScriptedAnswer[] = []) {
    said.length = 0
    const runner = new ScriptedToolRunner(answers)
    const word = serviceWord({
      system,
      runner,
      program: { node: 'C:\\v 1\\node.exe', nodeWords: ['--quiet'], script: 'C:\\v 1\\agent.mjs' },
      process: { serve: async () => {}, report() {} },
      makePlatform: () => {
        throw new Error('nothing runs here')
      },
      say: (text) => said.push(text),
      setCode: (code) => codes.push(code),
      exit() {},
      times: { askMs: 1, patienceMs: 50 },
    })
    await word.run(words)
    expect(runner.left).toEqual([])
    return said.join('\n')
  }
  return { system, run, codes }
}

const settings = async () => JSON.parse(await readFile(join(data, 'service.json'), 'utf8')) as unknown
const library = () => ['--library', `images=${images}`]
const install = (...words: readonly string[]) => ['install', '--data', data, ...words]

test('it installs and starts, with rights for its account and no more', async () => {
  const { system, run } = host()
  const said = await run(install(...library(), '--nbd-host', '192.0.2.7', '--name', 'north'), [
    close(),
    letIn(images),
  ])
  expect(said).toMatch(/^varve-agent is installed and runs: running, process \d+\.\n/u)
  expect(said).toContain(`  library  images=${images}`)
  expect(system.definition(serviceName)).toMatchObject({
    commandLine: `"C:\\v 1\\node.exe" --quiet "C:\\v 1\\agent.mjs" service run --data ${data}`,
    account: String.raw`NT SERVICE\varve-agent`,
    privileges: ['SeChangeNotifyPrivilege', 'SeManageVolumePrivilege'],
  })
  expect([...(system.members.get(hyperVAdministrators) ?? [])]).toEqual([sid])
  expect([...(system.granted.get(sid) ?? [])]).toEqual(['SeManageVolumePrivilege'])
  expect([...system.sources]).toEqual(['varve-agent'])
  expect(await settings()).toEqual({
    version: 1,
    words: [
      ...library(),
      '--nbd-host',
      '192.0.2.7',
      '--log-level',
      'info',
      '--name',
      'north',
      '--controller',
      'ws://127.0.0.1:7070/trpc',
    ],
  })
})

test('again it changes what is said and keeps what is not, and starts it anew', async () => {
  const { system, run } = host()
  await run(install(...library(), '--nbd-host', '192.0.2.7'), [close(), letIn(images)])
  const first = system.services.status(serviceName)?.pid
  await run(install('--log-level', 'debug'), [close(), letIn(images)])
  const kept = { words: [...library(), '--nbd-host', '192.0.2.7', '--log-level', 'debug'] }
  expect(await settings()).toMatchObject({ words: expect.arrayContaining(kept.words) })
  expect(system.services.status(serviceName)?.pid).not.toBe(first)

  const more = place.file('more')
  await mkdir(more)
  await run(install('--library', `more=${more}`, '--no-start'), [close(), letIn(more)])
  expect(await settings()).toMatchObject({ words: expect.not.arrayContaining(library()) })
  expect(system.services.status(serviceName)?.state).toBe('stopped')
})

test('without libraries, of before or now, nothing is installed', async () => {
  const { system, run } = host()
  await expect(run(install())).rejects.toThrow(ConfigError)
  expect(system.services.status(serviceName)).toBeNull()
})

test('who is no administrator is told how to be one, and nothing was changed', async () => {
  const { system, run } = host({ isElevated: false })
  await expect(run(install(...library()))).rejects.toMatchObject({
    remedy: 'Open PowerShell with: Run as administrator.',
  })
  expect([system.services.status(serviceName), system.sources.size]).toEqual([null, 0])
  await expect(settings()).rejects.toThrow('ENOENT')
})

test('what the host does not have is said, and the rest is done', async () => {
  const { system, run } = host({ groups: [], privileges: [], lacking: ['delayed start'] })
  const said = await run(install(...library()), [
    close(),
    { ...letIn(images), exitCode: 5, stderr: 'no rights on exFAT' },
  ])
  expect(said).toContain('images could not be opened to the account of the service')
  expect(said).toContain('varve-agent is installed and runs')
  expect(said).toContain('no group Hyper-V Administrators')
  expect(said).toContain('The right to maintain volumes was not to be had')
  expect(said).toContain('does not have for a service: delayed start.')
  expect(system.definition(serviceName)?.privileges).toEqual(['SeChangeNotifyPrivilege'])
})

test('start, stop and status tell how it is', async () => {
  const { run, codes } = host()
  for (const word of ['start', 'stop', 'status'])
    await expect(run([word])).rejects.toSatisfy((error) => isServiceFault(error, 'absent'))
  await run(install(...library(), '--no-start'), [close(), letIn(images)])
  expect(await run(['status'])).toMatch(/^varve-agent: stopped\n {2}account {2}NT SERVICE\\varve-agent\n/u)
  expect(codes).toEqual([1])
  expect(await run(['start'])).toMatch(/^varve-agent runs: running, process \d+\.$/u)
  expect(await run(['status'])).toMatch(/^varve-agent: running, process \d+\n/u)
  expect(codes).toEqual([1])
  expect(await run(['stop'])).toBe('varve-agent has stopped.')
})

test('removed, nothing of it is left but what it kept', async () => {
  const { system, run } = host()
  await run(install(...library()), [close(), letIn(images)])
  const [gone, odd] = [place.file('gone'), place.file('odd')]
  await mkdir(odd)
  await writeFile(
    join(data, 'service.json'),
    JSON.stringify({
      version: 1,
      words: [...library(), '--library', `gone=${gone}`, '--library', `odd=${odd}`],
    }),
  )
  const said = await run(
    ['remove'],
    [letOut(data), letOut(images), { ...letOut(odd), exitCode: 5, stderr: 'it refuses' }],
  )
  expect(said).toMatch(
    /^varve-agent is removed; images were left alone\.\n {2}.*odd still lists the account/u,
  )
  expect(system.services.status(serviceName)).toBeNull()
  expect(system.members.get(hyperVAdministrators)?.size).toBe(0)
  expect([system.granted.size, system.sources.size]).toEqual([0, 0])
  expect(await settings()).toMatchObject({ version: 1 })
  await rm(data, { recursive: true })
  expect(await run(['remove', '--data', data])).toBe('varve-agent was not installed.')
})

test('a service that somebody has open is said to be leaving', async () => {
  const { run } = host({ holdsOpen: true })
  await run(install(...library()), [close(), letIn(images)])
  const isLeaving = (error: unknown) => isServiceFault(error, 'leaving')
  await expect(run(['remove'])).rejects.toSatisfy(isLeaving)
  await expect(run(install(), [])).rejects.toSatisfy(isLeaving)
})

test('settings that are damaged, and words that are none', async () => {
  const { run } = host()
  await mkdir(data)
  await writeFile(join(data, 'service.json'), '{')
  await expect(run(install())).rejects.toMatchObject({ code: 'refused' })
  await run(install(...library()), [close(), letIn(images)])
  expect(await settings()).toMatchObject({ version: 1 })
  await expect(run(['dance'])).rejects.toThrow(ConfigError)
  await expect(run(['constructor'])).rejects.toThrow(ConfigError)
  await expect(run(['start', 'now'])).rejects.toThrow(ConfigError)
  expect(await run(['--help'])).toContain('varve-agent service WORD')
})
