import { DiskError } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import type { CommandContext } from '../command.ts'
import { idsOf } from '../consent.ts'

export interface Question {
  readonly summary: string
  /** The file that it is about, for the error. */
  readonly file: string
  /** Findings of the plan that somebody has to accept. */
  readonly waiting: readonly Problem[]
  /** An image that is there is changed or removed: somebody at a terminal is asked first. */
  readonly isAsked: boolean
  /** The plan, for somebody at a terminal. */
  readonly show: () => Promise<string>
}

/** The ids of the findings that are accepted; throws `needs-consent` when some are not and nobody is there to ask. */
export async function consentTo(
  { summary, file, waiting, isAsked, show }: Question,
  { yes = false, accept }: { readonly yes?: boolean; readonly accept?: string },
  context: CommandContext,
): Promise<string[]> {
  const named = idsOf(accept)
  // A choice between readings is not answered by consent.
  const open = waiting.filter(
    ({ id, asks, settledBy }) => settledBy !== undefined || (!named.has(id) && !(yes && asks !== true)),
  )
  if (open.length > 0 || (isAsked && !yes)) {
    const isByName = open.some(({ asks }) => asks === true)
    if (isByName || !canAsk(context) || !(await askPerson(await show(), context))) {
      const findings = open.length > 0 ? open.map(({ message }) => message) : [`${summary}.`]
      throw new DiskError('needs-consent', {
        file: open.find((finding) => finding.file !== null)?.file ?? file,
        ids: [...new Set(open.filter(({ settledBy }) => settledBy === undefined).map(({ id }) => id))],
        choices: [...new Set(open.flatMap(({ settledBy }) => settledBy ?? []))],
        findings: [...new Set(findings)],
        ...(!isByName && { yes: true as const }),
      })
    }
  }
  return [...new Set([...waiting.map(({ id }) => id), ...named])]
}

/** Whether somebody sits there who can be asked. */
export function canAsk({ config, json }: Pick<CommandContext, 'config' | 'json'>): boolean {
  return process.stdin.isTTY && config.isTerminal && !json
}

async function askPerson(plan: string, context: CommandContext): Promise<boolean> {
  context.remark(plan)
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await lines.question('Do this? [y/N] ', { signal: context.signal })
    return /^y(?:es)?$/iu.test(answer.trim())
  } finally {
    lines.close()
  }
}
