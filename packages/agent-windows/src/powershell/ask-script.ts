import { DiskError } from '@varve/core/problems/disk-error'
import type { z } from 'zod'
import type { CallOptions, ScriptCaller, ScriptName } from './powershell-host.ts'
import { scriptProblem } from './script-problem.ts'

/** What a script tells, as `schema` has it; throws coded errors only, which name the script where no file is meant. */
export async function askScript<T>(
  scripts: ScriptCaller,
  { script, schema, parameters = {}, file = `${script}.ps1`, ...options }: Asked<T>,
): Promise<T> {
  const answer = await scripts.call(script, parameters, options).catch((error: unknown) => {
    throw scriptProblem(error, file)
  })
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

interface Asked<T> extends CallOptions {
  readonly script: ScriptName
  readonly schema: z.ZodType<T>
  readonly parameters?: object
  /** What it is about. */
  readonly file?: string
}
