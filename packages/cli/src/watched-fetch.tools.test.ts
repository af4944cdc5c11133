import { createServer, type AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { StallRemarks } from './output/stall-remarks.ts'

test('a controller that takes connections and answers nothing ends the command', async () => {
  const server = createServer((socket) => socket.on('error', () => {}).resume())
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const command = resolve(import.meta.dirname, '../bin/varve.mjs')
  const args = [command, 'hosts', '--controller', `http://127.0.0.1:${port}`]
  const { exitCode, stderr } = await execa('node', args, { reject: false, stdin: 'ignore' })
  server.close()
  expect(exitCode).toBe(7)
  expect(stderr).toContain(`127.0.0.1:${port}`)
}, 60_000)

test('what is known of a stall is said once, and when it is over', () => {
  const said: string[] = []
  const stalls = new StallRemarks((text) => said.push(text))
  const stall = { since: '2026-01-01T10:00:00.000Z', message: 'The agent on north does not answer.' }
  for (const now of [null, stall, stall, null, null]) stalls.show({ stall: now })
  stalls.lost(new Date())
  stalls.lost(new Date())
  stalls.show({ stall: null })
  expect(said.map((text) => text.replace(/\d\d:\d\d:\d\d/u, 'TIME'))).toEqual([
    'TIME: The agent on north does not answer.',
    'It goes on.',
    'The controller does not answer since TIME; the migration waits for it where it needs it.',
    'It goes on.',
  ])
})
