import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

const library = ['--library', 'images=/srv/images']

describe('readConfig', () => {
  test('flags come before the environment, the environment before defaults', () => {
    const config = readConfig(['--name', 'north', ...library], {
      VARVE_AGENT_NAME: 'south',
      VARVE_CONTROLLER: 'https://fleet.example',
      VARVE_STATE: '/state/varve',
    })
    expect(config).toEqual({
      controller: 'wss://fleet.example/trpc',
      name: 'north',
      libraries: [{ name: 'images', path: '/srv/images' }],
      accessFolder: '/state/varve/access',
      nbdHost: '127.0.0.1',
      data: null,
      logLevel: 'info',
      membership: null,
      installation: null,
    })
  })

  test.each([
    [{ VARVE_INSTALLED: '/opt/varve', VARVE_BUILD: '1.2.3-89abcdef' }, '1.2.3-89abcdef'],
    [{ VARVE_INSTALLED: 'opt/varve', VARVE_BUILD: '1.2.3-89abcdef' }, null],
    [{ VARVE_INSTALLED: '/opt/varve', VARVE_BUILD: '../1.2.3-89abcdef' }, null],
    [{ VARVE_BUILD: '1.2.3-89abcdef' }, null],
  ])('where the line has installed it is said by what starts it: %j', (env, build) => {
    const { installation } = readConfig(['--name', 'north', ...library], env) ?? {}
    expect(installation).toEqual(build === null ? null : { home: '/opt/varve', build })
  })

  test('libraries may come from the environment, one per line, with equals signs in the folder', () => {
    const config = readConfig([], { VARVE_AGENT_NAME: 'a', VARVE_LIBRARIES: 'one=/a=b\ntwo=/c\n' })
    expect(config?.libraries).toEqual([
      { name: 'one', path: '/a=b' },
      { name: 'two', path: '/c' },
    ])
  })

  test('relative folders are taken from where the agent was started', () => {
    const config = readConfig(['--library', 'images=some/where', '--data', 'state', '--name', 'a'], {})
    expect(config?.libraries[0]?.path).toBe(resolve('some/where'))
    expect(config?.data).toBe(resolve('state'))
  })

  test.each([
    ['lvm:pve', '/dev/pve'],
    ['zfs:tank', '/dev/zvol/tank'],
    ['zfs:tank/vms/web', '/dev/zvol/tank/vms/web'],
  ])('%s is where its devices are', (place, path) => {
    const config = readConfig(['--library', `vms=${place}`, '--name', 'a'], {})
    expect(config?.libraries).toEqual([{ name: 'vms', path }])
  })

  test('asked for help, it has no configuration', () => {
    expect(readConfig(['--help'], {})).toBeNull()
  })

  test.each([
    [['--name', 'a']],
    [['--name', 'UPPER', ...library]],
    [['--name', 'a', '--library', 'images']],
    [['--name', 'a', '--library', '=/srv']],
    [['--name', 'a', '--library', 'vms=lvm:']],
    [['--name', 'a', '--library', 'vms=lvm:pve/data']],
    [['--name', 'a', '--library', 'vms=lvm:..']],
    [['--name', 'a', '--library', 'vms=zfs:tank/../etc']],
    [['--name', 'a', ...library, ...library]],
    [['--name', 'a', '--controller', 'not an address', ...library]],
    [['--name', 'a', '--controller', 'ftp://host', ...library]],
    [['--name', 'a', '--unknown', ...library]],
    [['--name', 'a', '--log-level', 'loud', ...library]],
    [['--name', 'a', 'stray', ...library]],
  ])('%j is refused', (args) => {
    expect(() => readConfig(args, {})).toThrow(ConfigError)
  })
})
