import type { CommandContext, Outcome, RunContext } from '../command.ts'

/** Runs `run` with threads that start before it loads its implementation, so that both take place at once. */
export async function withThreads(
  context: CommandContext,
  files: readonly string[],
  run: (context: RunContext) => Outcome,
): Outcome {
  const { startThreads } = await import('../start-threads.ts')
  await using pool = startThreads(...files)
  return await run({ ...context, pool })
}
