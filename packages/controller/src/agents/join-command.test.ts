import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { joinCommand } from './join-command.ts'

test('on one machine agents need the address of the controller only', () => {
  expect(joinCommand('http://127.0.0.1:7070', '127.0.0.1')).toBe(
    './varve agent --controller http://127.0.0.1:7070 --library images=/path/to/images',
  )
})

test('across machines agents say where they are reached themselves', () => {
  expect(joinCommand('http://192.0.2.7:7070', '192.0.2.7')).toBe(
    './varve agent --controller http://192.0.2.7:7070 --library images=/path/to/images --nbd-host ADDRESS-OF-THE-HOST',
  )
})

test.each([
  ['http://127.0.0.1:7070', '0.0.0.0'],
  ['http://[::1]:7070', '::'],
])('a controller on every address (%s, %s) is named by its machine', (url, host) => {
  expect(joinCommand(url, host)).toContain(`--controller http://${hostname().toLowerCase()}:7070 `)
})
