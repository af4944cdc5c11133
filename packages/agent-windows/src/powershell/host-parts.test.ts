import { expect, test } from 'vitest'
import { hostParts, partsOf, type Rights } from './host-parts.ts'
import { ScriptError } from './script-error.ts'

const all: Rights = {
  account: String.raw`NORTH\kim`,
  isAdministrator: true,
  maySeeMachines: true,
  edition: 'Professional',
  hyperV: true,
  hyperVModule: String.raw`C:\modules\Hyper-V`,
  storageModule: String.raw`C:\modules\Storage`,
  wsl: true,
}
const missing = (rights: Partial<Rights>) =>
  partsOf({ ...all, ...rights })
    .filter(({ path }) => path === null)
    .map(({ name, install }) => [name, install])

test('a host that has all lacks nothing', () => {
  expect(partsOf(all).map(({ name, path }) => [name, path])).toEqual([
    ['Hyper-V', all.hyperVModule],
    ['Storage module', all.storageModule],
  ])
})

test.each([
  ['Professional', false, 'Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V-All'],
  [
    'Enterprise',
    true,
    'Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V-Management-PowerShell',
  ],
  ['ServerStandard', false, 'Install-WindowsFeature -Name Hyper-V -IncludeManagementTools -Restart'],
  ['ServerDatacenterCor', true, 'Install-WindowsFeature -Name Hyper-V-PowerShell'],
  ['CoreSingleLanguage', false, expect.stringContaining('Windows Home has no Hyper-V')],
] as const)('Hyper-V for %s, its service there: %s', (edition, hyperV, how) => {
  expect(missing({ edition, hyperV, hyperVModule: null })).toEqual([['Hyper-V', how]])
})

test('its tools without its service are not Hyper-V', () => {
  expect(missing({ hyperV: false })).toMatchObject([['Hyper-V', expect.stringContaining('Hyper-V-All')]])
})

test('rights that lack are named with how to get them, by SID', () => {
  const plain = { isAdministrator: false, maySeeMachines: false }
  expect(missing({ ...plain, account: String.raw`NORTH\o'neil` })).toEqual([
    [
      'rights of Hyper-V Administrators',
      String.raw`Add-LocalGroupMember -SID S-1-5-32-578 -Member 'NORTH\o''neil'; then sign out and in again, and start the agent anew`,
    ],
    ['rights of an administrator', expect.stringContaining('Run as administrator')],
  ])
  expect(missing({ ...plain, maySeeMachines: true, account: String.raw`NT SERVICE\varve-agent` })).toEqual([
    [
      'rights of an administrator',
      String.raw`Add-LocalGroupMember -SID S-1-5-32-544 -Member 'NT SERVICE\varve-agent'; Restart-Service varve-agent`,
    ],
  ])
})

test('without Hyper-V nobody has to see its machines; WSL is named where it lacks', () => {
  expect(
    missing({ hyperV: false, maySeeMachines: false, hyperVModule: null, wsl: false }).map(([name]) => name),
  ).toEqual(['Hyper-V', 'Windows Subsystem for Linux'])
})

test('a PowerShell that does not answer is told, and the agent starts', async () => {
  const failing = (error: Error) => hostParts({ call: async () => await Promise.reject(error) })()
  expect(await failing(new Error('gone'))).toMatchObject([
    { path: null, install: expect.stringContaining('no answer') },
  ])
  const failure = { id: 'a', category: 'b', codes: [], message: 'policy', line: 1 }
  expect(await failing(new ScriptError('get-rights', failure))).toMatchObject([
    { install: expect.stringContaining('policy') },
  ])
  expect(await hostParts({ call: async () => ({ edition: 1 }) })()).toMatchObject([{ path: null }])
})
