import { fileURLToPath } from 'node:url'
import { stdoutText } from '@varve/agent/tools/tool-command'
import type { z } from 'zod'
import { alone, type TiedCommand } from './tied.ts'

/** A program of Varve's that is told its orders by one argument and answers by one line; what it mounts is seen by it alone. */
export function ownProgram<Answer>(
  program: URL,
  orders: object,
  answer: z.ZodType<Answer>,
): TiedCommand<Answer> {
  const command = alone({
    tool: process.execPath,
    args: ['--no-warnings', fileURLToPath(program), JSON.stringify(orders)],
    silence: { ms: 600_000, io: true },
    parse: (output) => answer.parse(JSON.parse(stdoutText(output))),
  })
  return { ...command, of: 'varve' }
}
