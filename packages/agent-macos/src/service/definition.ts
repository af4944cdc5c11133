import { existsSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { WrittenDictionary } from '@varve/core/text/write-property-list'
import type { LaunchDomain } from '../tools/launchctl/commands.ts'

export const label = 'varve.agent'

/** Whose service it is, and where what belongs to it lies. */
export interface ServicePlace {
  readonly domain: LaunchDomain
  readonly plist: string
  /** Where its log goes. */
  readonly log: string
}

/** Of root the service of the Mac, of anybody else that of a person, which runs while that person is logged in. */
export function servicePlace({
  uid = process.geteuid?.() ?? 0,
  home = homedir(),
  root = '/',
}: { readonly uid?: number; readonly home?: string; readonly root?: string } = {}): ServicePlace {
  if (uid === 0)
    return {
      domain: 'system',
      plist: join(root, 'Library/LaunchDaemons', `${label}.plist`),
      log: join(root, 'var/log', `${label}.log`),
    }
  return {
    domain: `gui/${uid}`,
    plist: join(home, 'Library/LaunchAgents', `${label}.plist`),
    log: join(home, 'Library/Logs', `${label}.log`),
  }
}

/** Words that start this program: of Node and of the agent, all absolute. */
export interface Program {
  readonly node: string
  readonly nodeWords: readonly string[]
  readonly script: string
}

/** The agent as launchd.plist(5) has it. */
export function agentService(
  { node, nodeWords, script }: Program,
  { data, log }: { readonly data: string; readonly log: string },
): WrittenDictionary {
  return {
    Label: label,
    ProgramArguments: [node, ...nodeWords, script, 'service', 'run', '--data', data],
    RunAtLoad: true,
    // Stopped it ends with 0; 75 is the wish to be started anew, anything else a failure.
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: 10,
    ExitTimeOut: 15,
    // Not Background, which has macOS hold back what reads and writes disks.
    ProcessType: 'Standard',
    Umask: 0o022,
    WorkingDirectory: '/',
    StandardErrorPath: log,
  }
}

/**
 * The program by the link that leads to the version that is current, where there is one: what was allowed to a program by its
 * path outlives an update then.
 */
export function steady(program: Program): Program {
  const { node, script } = program
  const version = dirname(dirname(dirname(dirname(node))))
  const current = join(dirname(version), 'current')
  if (!existsSync(current) || realpathSync(current) !== version) return program
  const through = (path: string) => {
    const inside = relative(version, path)
    return inside.startsWith('..') ? path : join(current, inside)
  }
  return { ...program, node: through(node), script: through(script) }
}
