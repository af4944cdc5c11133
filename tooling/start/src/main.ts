import { existsSync } from 'node:fs'
import { mkdir, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { startChild, type Child } from './child-process.ts'
import { readConfig, root, StartError, type StartConfig } from './config.ts'
import { makeSamples } from './samples.ts'
import { openLink, signInLink } from './sign-in-link.ts'
import { showMigration } from './show-migration.ts'

const GiB = 1024 ** 3
const hosts = ['north', 'south'] as const

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function checkPlace({ data }: StartConfig): Promise<void> {
  try {
    await mkdir(data, { recursive: true })
    const { bavail, bsize } = await statfs(data)
    const samplesAreThere = existsSync(join(data, 'north/images/web01.vmdk'))
    const wanted = samplesAreThere ? GiB : 3 * GiB
    if (bavail * bsize < wanted) {
      throw new StartError(
        `${data} has ${((bavail * bsize) / GiB).toFixed(1)} GiB free and ${wanted / GiB} GiB are needed: free some space, or choose another folder with --data.`,
      )
    }
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(
      `${data} cannot be written (${(error as Error).message}): choose another folder with --data.`,
    )
  }
}

/** Fails with one sentence when the port is taken, before anything is started. */
async function checkPort(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE'
          ? `Port ${port} is taken by another program`
          : `Port ${port} cannot be used (${error.message})`
      reject(new StartError(`${reason}: stop it, or choose another port with npm start -- --port N.`))
    })
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()))
  })
}

async function buildDashboard(signal: AbortSignal): Promise<string> {
  const dashboard = join(root, 'apps/dashboard')
  say('Building the dashboard …')
  const result = await execa(
    'turbo',
    ['run', 'build', '--filter=@varve/dashboard', '--output-logs=errors-only', '--no-update-notifier'],
    {
      cwd: root,
      cancelSignal: signal,
      reject: false,
      all: true,
      env: { TURBO_TELEMETRY_DISABLED: '1' },
    },
  )
  signal.throwIfAborted()
  if (result.exitCode !== 0)
    throw new StartError(
      `The dashboard could not be built:\n${result.all.trim().split('\n').slice(-15).join('\n')}`,
    )
  return join(dashboard, 'dist')
}

async function startFleet(
  config: StartConfig,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
): Promise<{ url: string; children: Child[] }> {
  const dashboard = await buildDashboard(signal)
  const logs = join(config.data, 'logs')
  await mkdir(logs, { recursive: true })
  const controller = stack.use(
    await startChild(
      {
        name: 'controller',
        args: [
          'packages/controller/bin/varve-controller.mjs',
          '--port',
          String(config.port),
          '--data',
          join(config.data, 'controller'),
          '--dashboard',
          dashboard,
        ],
        cwd: root,
        logFile: join(logs, 'controller.log'),
        ready: /^listening (http:\S+)$/u,
      },
      signal,
    ),
  )
  const url = controller.answer
  const children: Child[] = [controller]
  for (const host of hosts) {
    const folder = join(config.data, host)
    await mkdir(join(folder, 'images'), { recursive: true })
    const agent = await startChild(
      {
        name: `agent ${host}`,
        args: [
          'packages/agent-linux/bin/varve-agent.mjs',
          '--controller',
          url,
          '--name',
          host,
          '--library',
          `images=${join(folder, 'images')}`,
          '--data',
          join(folder, 'agent'),
        ],
        cwd: root,
        logFile: join(logs, `${host}.log`),
        ready: /^connected(.*)$/u,
      },
      signal,
    )
    children.push(stack.use(agent))
  }
  return { url, children }
}

async function run(config: StartConfig, signal: AbortSignal): Promise<void> {
  await checkPlace(config)
  await checkPort(config.port)
  await makeSamples({
    library: join(config.data, 'north/images'),
    signal,
    say: (text) => say(`north: ${text}`),
  })
  await using stack = new AsyncDisposableStack()
  const { url, children } = await startFleet(config, signal, stack)
  say(`The controller listens on ${url}; north and south are connected.`)
  await showMigration({ url, signal, isTerminal: config.isTerminal, say })
  if (config.once) return
  const link = await signInLink(url)
  say(`\nDashboard, signs you in once: ${link}\nData: ${config.data}\nPress Ctrl-C to stop.`)
  await openLink(link, config.data, config.opener)
  const failed = await Promise.race([
    waitForAbort(signal),
    ...children.map(async (child) => `The ${child.name} ended with ${String(await child.ended)}.`),
  ])
  if (failed !== null && !signal.aborted)
    throw new StartError(`${failed} See the logs in ${join(config.data, 'logs')}.`)
}

function waitForAbort(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null)
    signal.addEventListener('abort', () => resolve(null), { once: true })
  })
}

async function main(): Promise<number> {
  const abort = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => abort.abort(new StartError('Stopped.')))
  try {
    const config = readConfig(process.argv.slice(2))
    await run(config, abort.signal)
    if (abort.signal.aborted) say('\nStopped.')
    return 0
  } catch (error) {
    if (abort.signal.aborted) {
      say('\nStopped.')
      return 130
    }
    if (error instanceof StartError) {
      process.stderr.write(`${error.message}\n`)
      return 1
    }
    throw error
  }
}

process.exitCode = await main()
