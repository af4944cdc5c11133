import { execa, execaSync } from 'execa'
import { findTool } from './tools.ts'

/** Debian's own Python has Debian's modules, whatever else comes first on the path. */
const interpreters = ['/usr/bin/python3', 'python3']

/** A Python that has the module, or null. */
function interpreterWith(module: string): string | null {
  for (const name of interpreters) {
    const path = name.startsWith('/') ? name : findTool(name)
    if (path === null) continue
    const found = execaSync(path, ['-c', `import ${module}`], { reject: false, stdin: 'ignore' })
    if (found.exitCode === 0) return path
  }
  return null
}

/** True when a Python has the module; else false with the reason printed, and in CI an error. */
export function requiresPython(module: string): boolean {
  if (interpreterWith(module) !== null) return true
  const reason = `needs the Python module ${module} (Debian: python3-${module.replace(/^py/u, 'lib')}), which is not installed`
  if (process.env['CI'] === 'true') throw new Error(`required in CI: ${reason}`)
  process.stderr.write(`skipped: ${reason}\n`)
  return false
}

/** Runs a script that uses the module and must succeed; gives its standard output. */
export async function runPython(module: string, script: string, args: readonly string[]): Promise<string> {
  const path = interpreterWith(module)
  if (path === null) throw new Error(`no Python has the module ${module}`)
  const { stdout } = await execa(path, ['-c', script, ...args], { stdin: 'ignore' })
  return stdout
}
