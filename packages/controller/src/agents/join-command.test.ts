import { expect, test } from 'vitest'
import { installLine, joinCommand } from './join-command.ts'

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
const release = { version: '1.2.3', files: new Map(), linux: { text: '', sum: 'ab'.repeat(32) } }

test('the line that installs has every address as one word, and why there is none', () => {
  const facts = { state: { release, reason: null }, token: 'varve-join.a.b.c', pattern: 'web-01' }
  const { line } = installLine(at, facts)
  expect(line).toContain(`s=$(curl -fsSk 'https://[2001:db8::1]:7070/install/linux.sh'); [ "$(printf %s "$s"`)
  expect(line).toContain(`= "${release.linux.sum}  -" ]`)
  expect(line?.endsWith(` sh -s 'https://[2001:db8::1]:7070' --name web-01`)).toBe(true)
  const reason = 'the release has no archive for Linux'
  expect(installLine(at, { ...facts, state: { release: null, reason } })).toEqual({ line: null, reason })
})
