import { expect, test } from 'vitest'
import { joinCommand } from './join-command.ts'

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
