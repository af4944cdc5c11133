import { expect, test } from 'vitest'
import { bootout, bootstrap, enable, kickstart, printService } from './commands.ts'
import { parsePrintedService } from './output.ts'

test('each command says what it is to do and to whom', () => {
  const target = 'system/varve.agent'
  const all = [
    bootstrap('system', '/Library/LaunchDaemons/varve.agent.plist'),
    bootstrap('gui/501', '/Users/a b/Library/LaunchAgents/varve.agent.plist'),
    bootout(target),
    kickstart(target),
    enable(target),
    printService(target),
  ]
  expect(all.map(({ args }) => args)).toMatchInlineSnapshot(`
    [
      [
        "bootstrap",
        "system",
        "/Library/LaunchDaemons/varve.agent.plist",
      ],
      [
        "bootstrap",
        "gui/501",
        "/Users/a b/Library/LaunchAgents/varve.agent.plist",
      ],
      [
        "bootout",
        "system/varve.agent",
      ],
      [
        "kickstart",
        "system/varve.agent",
      ],
      [
        "enable",
        "system/varve.agent",
      ],
      [
        "print",
        "system/varve.agent",
      ],
    ]
  `)
})

const running = `system/varve.agent = {
	active count = 1
	path = /Library/LaunchDaemons/varve.agent.plist
	state = running

	arguments = {
		--name
		state = stopped
		pid = 7
	}

	environment = {
		VARVE => {
		pid => 3
		}
	}
	runs = 4
	pid = 4711
	last exit code = 75: EX_TEMPFAIL
	endpoints = {
		"x" = {
			pid = 1
			state = active
		}
	}
}
`

test.each([
  ['one that runs', running, { state: 'running', pid: 4711, lastExit: 75, runs: 4 }],
  [
    'one that never ended',
    'a = {\n\tstate = not running\n\truns = 0\n\tlast exit code = (never exited)\n}\n',
    { state: 'not running', pid: null, lastExit: null, runs: 0 },
  ],
  ['one cut off', running.slice(0, 120), { state: 'running', pid: null, lastExit: null, runs: null }],
  ['nothing', '', { state: null, pid: null, lastExit: null, runs: null }],
  [
    'words of another language',
    'a = {\n\tétat = actif\n\tpid = viele\n}',
    { state: null, pid: null, lastExit: null, runs: null },
  ],
  [
    'a number without end',
    `a = {\n\tpid = ${'9'.repeat(40)}\n}`,
    { state: null, pid: null, lastExit: null, runs: null },
  ],
])('%s is read as it is, and no more', (_, text, service) => {
  expect(parsePrintedService(text)).toEqual(service)
})
