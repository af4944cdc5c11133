import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cutProgram } from '@varve/bundle/bundle-program'
import { programs } from '@varve/bundle/programs'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { startWindows, type Windows, type WindowsProgram } from '@varve/wine/start-windows'
import { hasWindows } from '@varve/wine/testing/windows-of-tests'
import { placePrograms } from '@varve/wine/windows-programs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const node = String.raw`Z:\work\varve\lib\node\bin\node.exe`
const agent = String.raw`Z:\work\varve\lib\varve\packages\agent-windows\bin\varve-agent.mjs`
const data = String.raw`C:\Varve data`
const images = String.raw`C:\My Images`
const modules = '../../../node_modules'

/** The program of the contract, beside those of the release, with the native code of theirs. */
async function placeProof(varve: string): Promise<void> {
  const folder = join(varve, 'lib/varve/packages/agent-windows/proof')
  await mkdir(folder, { recursive: true })
  const [program] = programs('win32').filter(({ name }) => name === 'agent-windows')
  if (!program) throw new Error('there is no agent for Windows')
  const entries = { 'prove-services': 'agent-windows/src/service/testing/prove-services.ts' }
  const chunks = await cutProgram({ ...program, entries }, folder, {
    hashing: `${modules}/@napi-rs/blake-hash-win32-x64-msvc/blake.win32-x64-msvc.node`,
    koffi: `${modules}/@koromix/koffi-win32-x64/win32_x64/koffi.node`,
  })
  for (const { fileName, code } of chunks) await writeFile(join(folder, fileName), code)
}

describe.skipIf(!(await hasWindows()))('a service of Windows, as Wine has them', () => {
  let place: TempPlace
  let windows: Windows
  /** Wine ends its services with the last program beside them. */
  let beside: WindowsProgram

  beforeAll(async () => {
    place = await tempPlace()
    windows = await startWindows(place.path)
    await placePrograms(join(windows.work, 'varve'))
    await placeProof(join(windows.work, 'varve'))
    beside = await windows.start(node, ['-e', 'setInterval(() => {}, 60_000)'])
  })

  afterAll(async () => {
    await beside?.kill()
    await windows?.[Symbol.asyncDispose]()
    await place?.[Symbol.asyncDispose]()
  })

  /** `varve-agent service …`: what it says, without what Node says of the environment. */
  async function service(...words: readonly string[]) {
    const { exitCode, stdout, stderr } = await windows.run(node, [agent, 'service', ...words])
    const said = `${stdout}${stderr}`.replaceAll('\r', '')
    return { exitCode, said: said.replaceAll(/^Warning: .*\n|^\(Use .*\n|^\(node:.*\n/gmu, '') }
  }

  test('it is as the contract has it, from its making to its end', async () => {
    const program = String.raw`Z:\work\varve\lib\varve\packages\agent-windows\proof\prove-services.cjs`
    const { exitCode } = await windows.run(node, [program, 'prove', String.raw`Z:\work\steps.txt`])
    const steps = (await readFile(join(windows.work, 'steps.txt'), 'utf8')).trimEnd().split('\n')
    expect(steps.at(-1)).toBe('proven')
    expect(exitCode).toBe(0)
    expect(steps.filter((step) => step === 'event information 3 varve-proof has stopped.')).toHaveLength(2)
  })

  test('the agent installs, starts, changes, stops and removes itself', async () => {
    await windows.run('cmd', ['/c', 'mkdir', images])
    expect(await service('status')).toEqual({
      exitCode: 1,
      said: 'varve agent: could not ask for it: there is no such service (1060)\n  Install it: varve-agent service install.\n',
    })

    const install = ['install', '--data', data]
    const first = await service(...install, '--library', `images=${images}`, '--name', 'north')
    expect(first).toMatchObject({ exitCode: 0 })
    expect(first.said).toMatch(/^varve-agent is installed and runs: running, process \d+\.\n/u)
    expect(first.said).toContain(`\n  library  images=${images}\n`)
    const status = await service('status')
    expect(status.exitCode).toBe(0)
    expect(status.said).toContain(
      `\n  account  NT SERVICE\\varve-agent\n  starts   ${node} ${agent} service run --data "${data}"\n`,
    )
    const key = String.raw`HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\varve-agent`
    expect((await windows.run('reg', ['query', key])).stdout).toContain('EventCreate.exe')
    expect((await service('run')).said).toContain('only the system starts a program as a service (1063)')

    const again = await service(...install, '--log-level', 'debug')
    expect(again.said).toContain(`\n  library  images=${images}\n`)
    expect(processOf(again.said)).not.toBe(processOf(first.said))

    expect(await service('stop')).toEqual({ exitCode: 0, said: 'varve-agent has stopped.\n' })
    expect(await service('status')).toMatchObject({
      exitCode: 1,
      said: expect.stringContaining(': stopped\n'),
    })
    expect((await service('start')).said).toMatch(/^varve-agent runs: running, process \d+\.\n$/u)
    expect((await service('remove')).said).toMatch(/^varve-agent is removed; images were left alone\.\n/u)
    expect((await windows.run('sc', ['query', 'varve-agent'])).exitCode).toBe(1060 % 256)
    expect((await windows.run('reg', ['query', key])).exitCode).toBe(1)
    expect((await service('remove', '--data', data)).said).toMatch(/^varve-agent was not installed\.\n/u)
  })

  test('settings that it cannot run with are told where it is started', async () => {
    await service('install', '--data', data, '--library', `images=${images}`, '--no-start')
    await windows.run('cmd', ['/c', 'rmdir', images])
    expect(await service('start')).toEqual({
      exitCode: 1,
      said: expect.stringMatching(/^varve agent: could not start it: it ended when it was started \(1\)\n/u),
    })
    await service('remove')
  })
})

function processOf(said: string): string | undefined {
  return / process (\d+)/u.exec(said)?.[1]
}
