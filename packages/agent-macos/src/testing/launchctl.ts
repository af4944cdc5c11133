// A stand-in for launchctl and the launchd behind it: it keeps services in a folder and really runs what they name.
import { type ChildProcess, spawn } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { arrayAt, dictionaryAt, parsePropertyList, sizeAt, stringAt } from '@varve/core/text/property-list'

const [folder = '', verb = '', ...args] = process.argv.slice(2)
/** A second of launchd's. */
const secondMs = 20

interface Kept {
  readonly path: string
  readonly supervisor: number
  readonly pid: number | null
  readonly runs: number
  readonly lastExit: number | null
}

const fileOf = (target: string) => join(folder, `${target.replaceAll('/', '_')}.json`)

function kept(target: string): Kept | null {
  return existsSync(fileOf(target)) ? (JSON.parse(readFileSync(fileOf(target), 'utf8')) as Kept) : null
}

function keep(target: string, service: Kept): void {
  writeFileSync(`${fileOf(target)}.new`, JSON.stringify(service))
  renameSync(`${fileOf(target)}.new`, fileOf(target))
}

function definition(path: string) {
  const list = parsePropertyList(readFileSync(path), { file: path, structure: 'property list' })
  const words = (arrayAt(list, 'ProgramArguments') ?? []).map(String)
  return {
    label: stringAt(list, 'Label') ?? '',
    words,
    log: stringAt(list, 'StandardErrorPath') ?? '/dev/null',
    throttle: sizeAt(list, 'ThrottleInterval') ?? 10,
    restarts: dictionaryAt(list, 'KeepAlive')?.get('SuccessfulExit') === false,
  }
}

function end(code: number, text = ''): never {
  if (text !== '') process.stderr.write(`${text}\n`)
  process.exit(code)
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo() && tries < 1000; tries += 1) await sleep(10)
}

/** What launchd does with one service until it is booted out. */
async function supervise(target: string, path: string): Promise<void> {
  const { words, log, throttle, restarts } = definition(path)
  const [program = '', ...rest] = words
  let service: Kept = { path, supervisor: process.pid, pid: null, runs: 0, lastExit: null }
  let [child, isLeaving, isWanted]: [ChildProcess | null, boolean, boolean] = [null, false, true]
  process.on('SIGTERM', () => {
    isLeaving = true
    child?.kill('SIGTERM')
  })
  process.on('SIGUSR1', () => {
    isWanted = true
  })
  while (!isLeaving) {
    if (isWanted) {
      isWanted = false
      const error = openSync(log, 'a')
      const own = spawn(program, rest, { stdio: ['ignore', 'ignore', error], cwd: '/' })
      child = own
      service = { ...service, pid: own.pid ?? null, runs: service.runs + 1 }
      keep(target, service)
      const code = await new Promise<number | null>((resolve) => {
        own.once('exit', resolve)
        own.once('error', () => resolve(78))
      })
      service = { ...service, pid: null, lastExit: code }
      if (!isLeaving) keep(target, service)
      if (restarts && code !== 0 && !isLeaving) {
        await sleep(throttle * secondMs)
        isWanted = true
      }
    } else await sleep(10)
  }
  rmSync(fileOf(target))
}

function print(target: string, { path, pid, runs, lastExit }: Kept): string {
  const { words } = definition(path)
  return `${target} = {
	active count = ${pid === null ? 0 : 1}
	path = ${path}
	type = ${target.startsWith('system/') ? 'LaunchDaemon' : 'LaunchAgent'}
	state = ${pid === null ? 'spawn scheduled' : 'running'}

	program = ${words[0]}
	arguments = {
${words.map((word) => `\t\t${word}`).join('\n')}
	}

	default environment = {
		PATH => /usr/bin:/bin:/usr/sbin:/sbin
	}

	domain = ${target.split('/').slice(0, -1).join('/')}
	minimum runtime = 10
	exit timeout = 15
	runs = ${runs}
${pid === null ? '' : `\tpid = ${pid}\n`}	last exit code = ${lastExit ?? '(never exited)'}${lastExit === 78 ? ': EX_CONFIG' : ''}

	spawn type = daemon (3)
	endpoints = {
		"other" = {
			port = 0x1
			pid = 1
			state = active
		}
	}
}
`
}

const verbs: Readonly<Record<string, () => Promise<void> | void>> = {
  async bootstrap() {
    const [domain = '', path = ''] = args
    if (!existsSync(path)) end(5, 'Bootstrap failed: 5: Input/output error')
    const target = `${domain}/${definition(path).label}`
    if (kept(target)) end(37, 'Bootstrap failed: 37: Operation already in progress')
    const words = [...process.execArgv, process.argv[1] ?? '', folder, 'supervise', target, path]
    spawn(process.execPath, words, { stdio: 'ignore', detached: true }).unref()
    await until(() => kept(target) !== null)
  },
  async bootout() {
    const [target = ''] = args
    const service = kept(target)
    if (service === null) end(3, 'Boot-out failed: 3: No such process')
    process.kill(service.supervisor, 'SIGTERM')
    await until(() => kept(target) === null)
  },
  kickstart() {
    const service = kept(args[0] ?? '') ?? end(113, `Could not find service in domain`)
    if (service.pid === null) process.kill(service.supervisor, 'SIGUSR1')
  },
  enable() {},
  print() {
    const [target = ''] = args
    const service = kept(target)
    if (service === null) end(113, 'Bad request.\nCould not find service "varve.agent" in domain for system')
    process.stdout.write(print(target, service))
  },
  async supervise() {
    await supervise(args[0] ?? '', args[1] ?? '')
  },
}

if (verb !== 'supervise') appendFileSync(join(folder, 'calls'), `${[verb, ...args].join(' ')}\n`)
const failing = join(folder, `fail-${verb}`)
if (existsSync(failing)) end(Number(readFileSync(failing, 'utf8')), `${verb} failed`)
await (verbs[verb] ?? (() => end(64, 'Unrecognized subcommand')))()
