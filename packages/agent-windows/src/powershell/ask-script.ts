import { DiskError } from '@varve/core/problems/disk-error'
import type { z } from 'zod'
import type { CallOptions, ScriptCaller, ScriptName } from './powershell-host.ts'
import { scriptProblem, type About } from './script-problem.ts'

/** What a script tells, as `schema` has it; throws coded errors only, which name the script where no file is meant. */
export async function askScript<T>(
  scripts: ScriptCaller,
  { script, schema, parameters = {}, file = `${script}.ps1`, ...options }: Asked<T>,
): Promise<T> {
  const answer = await callScript(scripts, { script, parameters, about: file, ...options })
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  const [issue, ...others] = parsed.error.issues
  const more = others.length === 0 ? '' : `, and ${others.length} more`
  throw new DiskError('tool-failed', {
    file,
    tool: 'PowerShell',
    exitCode: null,
    stderr: `what ${script}.ps1 told is not what was asked for: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}${more}`,
  })
}

/** What a script tells, unread; throws coded errors only, of what it is about. */
export async function callScript(
  scripts: ScriptCaller,
  { script, parameters, about, ...options }: Called,
): Promise<unknown> {
  return await scripts.call(script, parameters, options).catch((error: unknown) => {
    throw scriptProblem(error, about)
  })
}

interface Called extends CallOptions {
  readonly script: ScriptName
  readonly parameters: object
  readonly about: string | About
}

interface Asked<T> extends CallOptions {
  readonly script: ScriptName
  readonly schema: z.ZodType<T>
  readonly parameters?: object
  /** What it is about. */
  readonly file?: string
}
