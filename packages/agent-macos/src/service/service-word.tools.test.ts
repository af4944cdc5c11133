import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '@varve/agent/config'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import { parsePropertyList } from '@varve/core/text/property-list'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { servicePlace, steady } from './definition.ts'
import { serviceWord } from './service-word.ts'

const agent = join(import.meta.dirname, '../../bin/varve-agent.mjs')
const launchctl = join(import.meta.dirname, '../testing/launchctl.ts')
let times = { askMs: 20, patienceMs: 10_000, settledMs: 300 }

let place: TempPlace
let state: string
let data: string
let images: string
let codes: number[]
/** What is there of macOS besides the service. */
const file = (name: string) => place.file(name)

beforeEach(async () => {
  place = await tempPlace()
  ;[state, data, images, codes] = [file('launchd'), file('data'), file('images'), []]
  for (const folder of [state, images]) await mkdir(folder)
  await executable(
    'launchctl',
    `exec "${process.execPath}" --disable-warning=ExperimentalWarning "${launchctl}" "${state}" "$@"`,
  )
  await executable('plutil', `[ "$1 $2 $3" = '-lint -s --' ] && grep -q '</plist>' "$4"`)
})
afterEach(async () => {
  for (const uid of [0, 501]) await word(uid, 'remove').catch(() => {})
  await place[Symbol.asyncDispose]()
})

async function executable(name: string, text: string): Promise<void> {
  await writeFile(file(name), `#!/bin/sh\n${text}\n`)
  await chmod(file(name), 0o755)
}

const root = () => ({ home: file('home'), root: file('mac') })
const daemonPlist = () => servicePlace({ uid: 0, ...root() }).plist

/** `varve-agent service …` of root or of a person: what it says. */
async function word(uid: number, ...words: readonly string[]): Promise<string> {
  const said: string[] = []
  const own = serviceWord({
    runner: new ExecaToolRunner(),
    place: servicePlace({ uid, ...root() }),
    daemon: servicePlace({ uid: 0, ...root() }),
    launchctl: file('launchctl'),
    plutil: file('plutil'),
    program: { node: process.execPath, nodeWords: process.execArgv, script: script() },
    times,
    run: async ({ name }) => {
      throw new Error(`nothing runs here as ${name}`)
    },
    say: (text) => said.push(text),
    setCode: (code) => codes.push(code),
  })
  await own.run(words)
  return said.join('\n')
}

let program = ''
const script = () => program

async function programOf(text: string): Promise<string> {
  await writeFile(file('program.mjs'), text)
  return file('program.mjs')
}
const calls = async () => (await readFile(join(state, 'calls'), 'utf8')).trimEnd().split('\n')
const install = (...words: readonly string[]) => ['install', '--data', data, ...words]
const library = () => ['--library', `images=${images}`]
const processOf = (said: string) => Number(/process (\d+)/u.exec(said)?.[1])

describe.skipIf(process.platform === 'win32')('the agent as a service of launchd', () => {
  beforeEach(async () => {
    program = await programOf('setInterval(() => {}, 1000)')
    times = { ...times, settledMs: 300 }
  })

  test('root installs, looks at, stops, starts, changes and removes that of the Mac, which really runs', async () => {
    program = agent
    const first = await word(0, ...install(...library(), '--name', 'north'))
    expect(first).toMatch(/^varve\.agent is installed and runs: running, process \d+\.\n {2}runs {5}as root/u)
    const list = parsePropertyList(await readFile(daemonPlist()), { file: 'a', structure: 'list' })
    expect(Object.fromEntries(list)).toEqual({
      Label: 'varve.agent',
      ProgramArguments: [process.execPath, ...process.execArgv, agent, 'service', 'run', '--data', data],
      RunAtLoad: true,
      KeepAlive: new Map([['SuccessfulExit', false]]),
      ThrottleInterval: 10,
      ExitTimeOut: 15,
      ProcessType: 'Standard',
      Umask: 18,
      WorkingDirectory: '/',
      StandardErrorPath: file('mac/var/log/varve.agent.log'),
    })
    expect((await stat(daemonPlist())).mode & 0o777).toBe(0o644)
    expect(await readdir(join(daemonPlist(), '..'))).toEqual(['varve.agent.plist'])
    const status = await word(0, 'status')
    expect(processOf(status)).toBe(processOf(first))
    expect(status).toContain(`\n  data     ${data}\n  starts   ${process.execPath} `)
    process.kill(processOf(first), 0)
    expect(codes).toEqual([])

    expect(await word(0, 'stop')).toBe('varve.agent has stopped.')
    expect(() => process.kill(processOf(first), 0)).toThrow(expect.objectContaining({ code: 'ESRCH' }))
    expect(await word(0, 'status')).toMatch(/^varve\.agent: stopped\n/u)
    expect(codes).toEqual([1])
    expect(await word(0, 'start')).toMatch(/^varve\.agent runs: running, process \d+\.$/u)

    const again = await word(0, ...install('--log-level', 'debug'))
    expect(again).toContain(`\n  library  images=${images}`)
    const { words } = JSON.parse(await readFile(join(data, 'service.json'), 'utf8')) as { words: string[] }
    expect(words).toEqual(expect.arrayContaining([...library(), '--log-level', 'debug', '--name', 'north']))
    expect(await word(0, 'remove')).toBe('varve.agent is removed; images were left alone.')
    expect(await readdir(join(daemonPlist(), '..'))).toEqual([])
    expect(await word(0, 'remove')).toBe('varve.agent was not installed.')
    const said = (await calls()).filter((call) => !call.startsWith('print '))
    expect(said).toEqual([
      'enable system/varve.agent',
      `bootstrap system ${daemonPlist()}`,
      'bootout system/varve.agent',
      'enable system/varve.agent',
      `bootstrap system ${daemonPlist()}`,
      'bootout system/varve.agent',
      'enable system/varve.agent',
      `bootstrap system ${daemonPlist()}`,
      'bootout system/varve.agent',
    ])
  }, 60_000)

  test('that of a person lies in their home, and is not beside that of the Mac', async () => {
    expect(await word(501, ...install(...library(), '--no-start'))).toContain(
      `  runs     as you, while you are logged in\n  defined  ${file('home/Library/LaunchAgents/varve.agent.plist')}`,
    )
    expect(await calls()).toEqual(['print gui/501/varve.agent'])
    expect(await word(501, 'start')).toMatch(/runs: running/u)
    await word(501, 'remove')
    await word(0, ...install(...library(), '--no-start'))
    await expect(word(501, ...install(...library()))).rejects.toMatchObject({
      code: 'service-failed',
      details: { why: 'exists' },
    })
    for (const what of ['start', 'stop', 'remove'])
      await expect(word(501, what)).rejects.toMatchObject({
        details: { why: 'no-rights' },
        remedy: 'Put sudo before it.',
      })
    expect(await word(501, 'status')).toMatch(/^varve\.agent: stopped/u)
  }, 60_000)

  test('75 starts it anew, and what ends with 0 stays ended', async () => {
    program = await programOf(`import { existsSync, writeFileSync } from 'node:fs'
if (!existsSync('${file('once')}')) { writeFileSync('${file('once')}', ''); process.exit(75) }
process.on('SIGUSR2', () => process.exit(0)); writeFileSync('${file('ready')}', ''); setInterval(() => {}, 1000)`)
    // It ends with 75 the first time, which a start does not take for a failure for ever.
    await word(0, ...install(...library())).catch(() => {})
    await expect.poll(() => existsSync(file('ready')), { timeout: 20_000 }).toBe(true)
    const status = await word(0, 'status')
    process.kill(processOf(status), 'SIGUSR2')
    await expect.poll(async () => word(0, 'status'), { timeout: 20_000 }).not.toMatch(/running/u)
    expect(await word(0, 'start')).toMatch(/running/u)
    expect((await calls()).at(-2) ?? '').toMatch(/^(?:kickstart|print)/u)
  }, 60_000)

  test('what ends when it is started is told with its code and its log', async () => {
    program = await programOf("console.error('no folder'); process.exit(2)")
    times = { ...times, settledMs: 3000 }
    await expect(word(0, ...install(...library()))).rejects.toMatchObject({
      details: { why: 'no-start', code: 2 },
      remedy: `Its log says why: tail ${file('mac/var/log/varve.agent.log')}`,
    })
    expect(await readFile(file('mac/var/log/varve.agent.log'), 'utf8')).toMatch(/^no folder\n/u)
  }, 60_000)

  test('it runs with what it was installed with, and with nothing else', async () => {
    await word(0, ...install(...library(), '--name', 'north', '--no-start'))
    await expect(word(0, 'run', '--data', data)).rejects.toThrow('nothing runs here as north')
    await expect(word(0, 'run', '--data', images)).rejects.toThrow(ConfigError)
    await writeFile(join(data, 'service.json'), '{"version":1,"words":["--log-level","loud"]}')
    await expect(word(0, 'run', '--data', data)).rejects.toThrow('--library NAME=FOLDER')
    await writeFile(join(data, 'service.json'), '{"version":')
    await expect(word(0, 'run', '--data', data)).rejects.toMatchObject({ code: 'refused' })
  })

  test('a program of a version is named by the link that leads to the current one', async () => {
    const version = file('opt/1.2.3-0000')
    await mkdir(join(version, 'lib/node/bin'), { recursive: true })
    const own = {
      node: join(version, 'lib/node/bin/node'),
      nodeWords: [],
      script: join(version, 'lib/agent.mjs'),
    }
    expect(steady(own)).toEqual(own)
    await symlink(version, file('opt/current'))
    expect(steady(own)).toEqual({
      node: file('opt/current/lib/node/bin/node'),
      nodeWords: [],
      script: file('opt/current/lib/agent.mjs'),
    })
    const elsewhere = { ...own, script: '/srv/agent.mjs' }
    expect(steady(elsewhere).script).toBe('/srv/agent.mjs')
  })

  test('what launchd or plutil refuses is a coded error, and no half definition stays', async () => {
    await expect(word(0, 'start')).rejects.toMatchObject({ details: { why: 'absent' } })
    await expect(word(0, 'status')).rejects.toMatchObject({ details: { why: 'absent' } })
    await expect(word(0, ...install())).rejects.toThrow(ConfigError)
    await expect(word(0, 'stop', 'now')).rejects.toThrow(ConfigError)
    await expect(word(0, 'fly')).rejects.toThrow(ConfigError)
    await writeFile(join(state, 'fail-bootstrap'), '5')
    await expect(word(0, ...install(...library()))).rejects.toMatchObject({
      code: 'service-failed',
      details: { why: 'other', code: 5 },
    })
    await rm(join(state, 'fail-bootstrap'))
    await rm(daemonPlist())
    await executable('plutil', 'echo "$4: damaged" >&2; exit 1')
    await expect(word(0, ...install(...library()))).rejects.toMatchObject({ code: 'tool-failed' })
    expect(await readdir(join(daemonPlist(), '..'))).toEqual([])
    // Where there is none, launchd looks itself.
    await rm(file('plutil'))
    expect(await word(0, ...install(...library()))).toMatch(/runs: running/u)
  }, 60_000)
})
