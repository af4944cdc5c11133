import { stdoutText, type ToolCommand } from '@varve/agent/tools/tool-command'
import { parsePrintedService, type PrintedService } from './output.ts'

/** Where a service lives: that of the Mac, or that of a person who is logged in. */
export type LaunchDomain = 'system' | `gui/${number}`

/** Of `launchctl print`: there is no such service in that domain. */
const notFound = 113
/** Of `launchctl bootout`: there is no such service any more, or it is still ending. */
const [gone, inProgress] = [3, 36]

const silence = { ms: 60_000 }

function command(args: readonly string[], expected: readonly number[] = [0]): ToolCommand<null> {
  return { tool: 'launchctl', args, expected, silence, parse: () => null }
}

/** Has launchd read a property list, and start what is to run at once. */
export function bootstrap(domain: LaunchDomain, path: string): ToolCommand<null> {
  return command(['bootstrap', domain, path])
}

/** Has launchd end a service and forget it; what is not there is none of its failures. */
export function bootout(target: string): ToolCommand<null> {
  return command(['bootout', target], [0, gone, inProgress, notFound])
}

/** Starts a service that launchd knows, if it does not run. */
export function kickstart(target: string): ToolCommand<null> {
  return command(['kickstart', target])
}

/** Takes back that a person has switched a service off. */
export function enable(target: string): ToolCommand<null> {
  return command(['enable', target])
}

/** What launchd knows of a service; null: nothing. */
export function printService(target: string): ToolCommand<PrintedService | null> {
  return {
    tool: 'launchctl',
    args: ['print', target],
    expected: [0, notFound],
    silence,
    parse: (output) => (output.exitCode === notFound ? null : parsePrintedService(stdoutText(output))),
  }
}
