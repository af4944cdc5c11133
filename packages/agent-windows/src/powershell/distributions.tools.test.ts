import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findPowershell } from '@varve/test-kit/powershell'
import { tempPlace, type TempPlace } from '@varve/test-kit/temp-place'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  emptyRegistry,
  registryModule,
  type StandInKeys,
  type StandInRegistry,
} from '../testing/registry-stand-in.ts'
import { standInModule, withStandIns } from '../testing/stand-ins.ts'
import { PowerShellHost, type ScriptName } from './powershell-host.ts'

const pwsh = findPowershell()
const script = resolve(import.meta.dirname, '../scripts/get-distributions.ps1')

const anna = 'S-1-5-21-1-2-3-1001'
const bernd = 'S-1-5-21-1-2-3-1002'
const lxss = String.raw`Software\Microsoft\Windows\CurrentVersion\Lxss`
const own = `HKEY_CURRENT_USER\\${lxss}`
const debian = '{3F1C2A77-11B2-4C55-9D0E-52F7A2B1C0DE}'
const ubuntu = '{4F1C2A77-11B2-4C55-9D0E-52F7A2B1C0DE}'
const local = String.raw`C:\Users\anna\AppData\Local`
const session = { USERNAME: 'anna', USERDOMAIN: 'PC', LOCALAPPDATA: local }

describe.skipIf(process.platform === 'win32' || pwsh === null)('get-distributions', () => {
  let place: TempPlace
  let host: PowerShellHost

  beforeAll(async () => {
    place = await tempPlace()
    await writeFile(place.file('with-stand-ins.ps1'), withStandIns)
    host = new PowerShellHost({ path: pwsh ?? '', folder: place.path })
    const whoami = place.file('System32/whoami.exe')
    await mkdir(join(place.path, 'System32'), { recursive: true })
    await writeFile(whoami, `#!/bin/sh\n[ "$*" = '/user /fo csv /nh' ] && echo '"pc\\änna","${anna}"'\n`)
    await chmod(whoami, 0o755)
  }, 60_000)

  afterAll(async () => {
    await host[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  async function run(registry: Partial<StandInRegistry>) {
    const module = place.file('stand-ins.psm1')
    const text = `${standInModule(new Map(), [])}\n${registryModule({ ...emptyRegistry, ...registry })}`
    await writeFile(module, text)
    const parameters = { root: place.path, module, answers: {}, script, parameters: {} }
    const { result } = (await host.call('with-stand-ins' as ScriptName, parameters)) as { result: unknown }
    return result
  }

  const withOwn = (keys: StandInKeys): StandInKeys => ({
    [`HKEY_USERS\\${anna}`]: {},
    [`HKEY_USERS\\${anna}_Classes`]: {},
    [String.raw`HKEY_USERS\.DEFAULT`]: {},
    [String.raw`HKEY_CURRENT_USER\Volatile Environment`]: session,
    ...keys,
  })
  const annas = { sid: anna, name: String.raw`PC\anna`, isOwn: true, isHidden: false, data: local }

  test('those of the own user, with the default one, sparse ones and one without a machine', async () => {
    const path = String.raw`C:\WSL's "Größe" 发行版`
    const result = await run({
      keys: withOwn({
        [own]: { DefaultDistribution: debian.toLowerCase() },
        [`${own}\\AppxInstallerCache`]: {},
        [`${own}\\${debian}`]: {
          DistributionName: 'Debian',
          BasePath: `\\\\?\\${path}`,
          State: 1,
          Version: 2,
          Flags: 15,
        },
        [`${own}\\${ubuntu}`]: {
          DistributionName: "Übuntu's 发行版",
          BasePath: `${path}\\`,
          VhdFileName: 'own.vhdx',
          State: 3,
          Version: 2,
          Flags: 7,
        },
      }),
      files: { [`${path}\\ext4.vhdx`]: 0x220 },
    })
    expect(result).toEqual({
      users: [annas],
      distributions: [
        {
          user: anna,
          id: debian.slice(1, -1).toLowerCase(),
          name: 'Debian',
          path: `\\\\?\\${path}\\ext4.vhdx`,
          state: 1,
          isDefault: true,
          exists: true,
          isSparse: true,
        },
        {
          user: anna,
          id: ubuntu.slice(1, -1).toLowerCase(),
          name: "Übuntu's 发行版",
          path: null,
          state: 3,
          isDefault: false,
          exists: false,
          isSparse: null,
        },
      ],
      docker: [],
    })
  })

  test('a single one, without the values that a later version brought', async () => {
    const values = { DistributionName: 'Debian', BasePath: local, Flags: 15 }
    const result = await run({
      keys: withOwn({ [`${own}\\${debian}`]: values, [`${own}\\${ubuntu}`]: { State: 4 } }),
      files: { [`${local}\\ext4.vhdx`]: 'denied' },
    })
    expect(result).toMatchObject({
      distributions: [
        { path: `${local}\\ext4.vhdx`, state: null, isDefault: false, exists: null, isSparse: null },
      ],
    })
  })

  test('who never had one has none; settings of others that may not be read are told', async () => {
    expect(await run({ keys: withOwn({}) })).toEqual({ users: [annas], distributions: [], docker: [] })
    const denied = 'denied' as const
    const hive = `HKEY_USERS\\${bernd}`
    const keys = withOwn({
      [hive]: denied,
      [`${hive}\\Volatile Environment`]: denied,
      [`${hive}\\${lxss}`]: denied,
    })
    const profiles = String.raw`HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList`
    const profile = { ProfileImagePath: String.raw`C:\Users\Bernd Ö` }
    expect(await run({ keys: { ...keys, [`${profiles}\\${bernd}`]: profile } })).toMatchObject({
      users: [
        annas,
        { sid: bernd, name: 'Bernd Ö', isHidden: true, data: String.raw`C:\Users\Bernd Ö\AppData\Local` },
      ],
    })
    expect(await run({ keys })).toMatchObject({ users: [annas, { name: null, isHidden: true, data: null }] })
  })

  test('those of others, and disks of Docker Desktop', async () => {
    const hive = `HKEY_USERS\\${bernd}`
    const other = String.raw`D:\bernd`
    const disk = `${local}\\Docker\\wsl\\disk\\docker_data.vhdx`
    const result = await run({
      keys: withOwn({
        [`${hive}\\Volatile Environment`]: { USERNAME: 'bernd', LOCALAPPDATA: other },
        [`${hive}\\${lxss}\\${debian}`]: { DistributionName: 'Debian', BasePath: other, Flags: 15, State: 1 },
      }),
      files: { [disk]: 0x20, [`${other}\\Docker\\wsl\\data\\ext4.vhdx`]: 0x220 },
    })
    expect(result).toMatchObject({
      users: [annas, { sid: bernd, name: 'bernd', isOwn: false, isHidden: false }],
      distributions: [{ user: bernd, name: 'Debian', exists: false }],
      docker: [
        { user: anna, path: disk, isSparse: false },
        { user: bernd, isSparse: true },
      ],
    })
  })
})
