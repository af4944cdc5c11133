import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'

const extraFolders = ['/usr/sbin', '/sbin']

/** Absolute path of a tool, or null when it is not installed. */
export function findTool(tool: string): string | null {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), ...extraFolders]) {
    const path = join(folder, tool)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      continue
    }
  }
  return null
}

/**
 * True when all tools are there; else false with the reason printed, and in CI an error:
 * `describe.skipIf(!requires('qemu-img'))`.
 */
export function requires(...tools: readonly string[]): boolean {
  const missing = tools.filter((tool) => findTool(tool) === null)
  if (missing.length === 0) return true
  const reason = `needs ${missing.join(', ')}, which ${missing.length === 1 ? 'is' : 'are'} not installed`
  if (process.env['CI'] === 'true') throw new Error(`required in CI: ${reason}`)
  process.stderr.write(`skipped: ${reason}\n`)
  return false
}

export interface ToolOutcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a tool to its end and gives what it said; throws when it cannot be started. */
export async function runTool(
  tool: string,
  args: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<ToolOutcome> {
  const path = findTool(tool)
  if (path === null) throw new Error(`${tool} is not installed`)
  const result = await execa(path, args, {
    reject: false,
    stdin: 'ignore',
    ...options,
    env: { LC_ALL: 'C', ...options.env },
  })
  if (result.exitCode === undefined) throw new Error(`${tool} did not run: ${result.stderr}`)
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr }
}

/** Runs a tool that must succeed; gives its standard output. */
export async function runToolOk(
  tool: string,
  args: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const outcome = await runTool(tool, args, options)
  if (outcome.exitCode !== 0)
    throw new Error(`${tool} ${args.join(' ')} failed with ${outcome.exitCode}: ${outcome.stderr}`)
  return outcome.stdout
}
