import { spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { requires } from '@varve/test-kit/tools'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packageFolder } from '../package.ts'

const before = '1.0.0-00000000'
const build = '1.1.0-11111111'

describe.skipIf(process.platform !== 'linux' || !requires('dash', 'sleep'))('what starts the agent', () => {
  let place: TempPlace
  let home: string
  const file = async (name: string) => readFile(join(home, name), 'utf8').catch(() => null)
  const current = async () => readlink(join(home, 'current'))

  beforeEach(async () => {
    place = await tempPlace()
    home = place.path
    const script = await readFile(join(packageFolder, 'install/linux.sh'), 'utf8')
    const [, starter = ''] = /^starter\(\) \{\n {2}cat <<'END'\n(.*?)^END$/msu.exec(script) ?? []
    expect(starter).toContain('home=/opt/varve\n')
    expect(starter).toContain('-lt 90 ]')
    await writeFile(join(home, 'start.sh'), starter.replace('/opt/varve', home).replace('-lt 90', '-lt 1'))
    for (const name of [before, build]) await program(name, `echo ${name} $VARVE_BUILD $VARVE_INSTALLED "$@"`)
    await symlink(build, join(home, 'current'))
  })

  afterEach(async () => place[Symbol.asyncDispose]())

  async function program(name: string, text: string): Promise<void> {
    await mkdir(join(home, name, 'bin'), { recursive: true })
    await writeFile(join(home, name, 'bin/varve-agent'), `#!/bin/sh\n${text}\n`)
    await chmod(join(home, name, 'bin/varve-agent'), 0o755)
  }

  function start(...args: string[]) {
    const { status, signal, stdout } = spawnSync('dash', [join(home, 'start.sh'), ...args], {
      timeout: 10_000,
      encoding: 'utf8',
    })
    return { exitCode: status, signal, stdout: stdout.trim() }
  }

  const runs = (name: string, ...args: string[]) =>
    expect.objectContaining({ exitCode: 0, stdout: [name, name, home, ...args].join(' ') })

  test('nothing is on trial: what is current runs, and is told where it lies', async () => {
    expect(start('--data', 'a b')).toEqual(runs(build, '--data', 'a b'))
  })

  test('a build on trial is started so often as it may be, and then the one before, once for all', async () => {
    await writeFile(join(home, 'trial'), `${before} ${build} 2\n`)
    expect(start()).toEqual(runs(build))
    expect(await file('trial')).toBe(`${before} ${build} 1\n`)
    expect(start()).toEqual(runs(build))
    expect(start()).toEqual(runs(before))
    expect([await file('trial'), await current()]).toEqual([null, before])
    expect(await file('rolled-back')).toMatch(
      /^1\.1\.0-11111111\n\d{4}-\d\d-\d\dT[\d:]+Z\nit ended by itself each time/u,
    )
    expect(start()).toEqual(runs(before))
  })

  test('what the agent has given up is not started again, and its reason is kept', async () => {
    await writeFile(join(home, 'trial'), `${before} ${build} 0\n`)
    await writeFile(join(home, 'rolled-back'), `${build}\n2026-11-30T00:00:00Z\nits libraries are missing\n`)
    expect(start()).toEqual(runs(before))
    expect(await file('rolled-back')).toContain('its libraries are missing')
  })

  test.each([
    ['in its shell', 'sleep 3'],
    ['in what that has become', 'exec sleep 60'],
  ])('one that hangs %s is ended, and the one before runs again', async (_where, how) => {
    await program(build, how)
    await writeFile(join(home, 'trial'), `${before} ${build} 2\n`)
    expect(start().signal).toBe('SIGKILL')
    expect(start()).toEqual(runs(before))
    expect(await file('rolled-back')).toContain('it hung: nothing was heard of it')
  })

  test('one that has done is left alone', async () => {
    await cp('/bin/sleep', join(home, build, 'bin/work'))
    await program(build, `rm ${home}/trial; exec ${home}/${build}/bin/work 1`)
    await writeFile(join(home, 'trial'), `${before} ${build} 2\n`)
    expect(start()).toMatchObject({ exitCode: 0, signal: null })
    expect(await file('rolled-back')).toBeNull()
  })

  test.each([
    ['empty', ''],
    ['cut off', `${before} ${build}`],
    ['of something else', 'one two three'],
    ['of a build that is gone', `9.9.9-99999999 ${build} 0\n`],
  ])('a file of trials that is %s: what is current runs', async (_, text) => {
    await writeFile(join(home, 'trial'), text)
    const { exitCode } = start()
    expect(exitCode).toBe(0)
    expect(await file('trial')).toBeNull()
  })
})
