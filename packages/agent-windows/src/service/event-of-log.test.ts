import { agentLog } from '@varve/agent/agent-log'
import { expect, test } from 'vitest'
import { eventOfLog } from './event-of-log.ts'

test('warnings and errors of the log are events, with what they know', () => {
  const events: unknown[] = []
  const log = agentLog(
    { name: 'north', logLevel: 'debug' },
    { write: (line) => void events.push(eventOfLog(line)) },
  )
  log.debug({}, 'a')
  log.info({ port: 1 }, 'b')
  log.warn({ path: 'D:\\Images', tries: 2 }, 'a build does not run')
  log.error({ err: new Error('gone') }, 'a part of the agent failed')
  expect(events).toEqual([
    null,
    null,
    { kind: 'warning', id: 10, text: 'a build does not run\npath: D:\\Images\ntries: 2' },
    { kind: 'error', id: 11, text: 'a part of the agent failed: gone' },
  ])
})
