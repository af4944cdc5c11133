import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const packages = join(import.meta.dirname, '../../../packages')

function run(
  main: string,
  flags: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
) {
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])
  const child = spawn(process.execPath, [join(packages, main), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  const ended = once(child, 'exit')
  return {
    stdout: child.stdout,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await ended
    },
  }
}

export interface ControllerOptions {
  readonly data: string
  readonly dashboard: string
  /** Whether people sign in; left out: they do not. */
  readonly signIn?: boolean
}

/** A controller of its own that serves the dashboard at `dashboard`; gives its address once it listens. */
export async function startController({ signIn = false, ...folders }: ControllerOptions) {
  const running = run(
    'controller/bin/varve-controller.mjs',
    { ...folders, port: '0', 'log-level': 'silent' },
    signIn ? {} : { VARVE_NO_SIGN_IN: 'yes' },
  )
  for await (const line of createInterface({ input: running.stdout })) {
    if (line.startsWith('listening ')) return { ...running, url: line.replace('listening ', '') }
  }
  throw new Error('the controller ended before it listened')
}

/** An agent with one library, given as `name=folder`. */
export function startAgent(options: { controller: string; name: string; library: string }) {
  return run('agent-linux/bin/varve-agent.mjs', { ...options, 'log-level': 'silent' })
}
