import { expect, test } from 'vitest'
import { installLines, joinCommand } from './join-command.ts'

test.each([
  ['127.0.0.1', 'http://127.0.0.1:7070', 'http://127.0.0.1:7070', ''],
  ['localhost', 'http://localhost:7070', 'http://localhost:7070', ''],
  ['192.0.2.7', 'http://192.0.2.7:7070', 'http://192.0.2.7:7070', ' --nbd-host ADDRESS-OF-THE-HOST'],
  ['0.0.0.0', 'http://127.0.0.1:7070', 'http://vault:7070', ' --nbd-host ADDRESS-OF-THE-HOST'],
  ['::', 'http://[::1]:7070', 'http://vault:7070', ' --nbd-host ADDRESS-OF-THE-HOST'],
])('a controller on %s (%s) is joined at %s', (host, url, controller, more) => {
  expect(joinCommand({ url, host, machine: 'vault' })).toBe(
    `./varve agent --controller ${controller} --library images=/path/to/images${more}`,
  )
})

const at = { url: 'https://[2001:db8::1]:7070', host: '2001:db8::1', machine: 'vault' }
const sum = 'ab'.repeat(32)
const script = { script: { text: '', sum }, reason: null }
const missing = { script: null, reason: 'the release has no archive for macOS' }
const release = {
  version: '1.2.3',
  files: new Map(),
  scripts: { linux: script, windows: script, macos: missing },
}

test('the line that installs has every address as one word, and why there is none', () => {
  const facts = { state: { release, reason: null }, token: 'varve-join.a.b.c', pattern: 'web-01' }
  const [linux, windows, macos] = installLines(at, facts)
  const line = linux?.line
  expect(line).toContain(`s=$(curl -fsSk 'https://[2001:db8::1]:7070/install/linux.sh'); [ "$(printf %s "$s"`)
  expect(line).toContain(`= "${sum}  -" ]`)
  expect(line?.endsWith(` sh -s 'https://[2001:db8::1]:7070' --name web-01`)).toBe(true)
  expect(windows?.line).toContain(
    `$s = (curl.exe -fsSk 'https://[2001:db8::1]:7070/install/windows.ps1') -join "\`n"; if (`,
  )
  expect(windows?.line).toContain(`-ne '${sum}')`)
  expect(windows?.line?.endsWith(` 'https://[2001:db8::1]:7070' -Name web-01`)).toBe(true)
  expect(macos).toEqual({ system: 'macos', line: null, reason: missing.reason })
  const reason = 'there is no folder'
  expect(installLines(at, { ...facts, state: { release: null, reason } })).toEqual(
    ['linux', 'windows', 'macos'].map((system) => ({ system, line: null, reason })),
  )
})
