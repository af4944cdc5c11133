import { isDiskError } from '@varve/core/problems/disk-error'
import { commandLine } from '@varve/operations/plans/shown'
import type { Logger } from '../platform/logger.ts'
import type { ToolRunner } from './tool-command.ts'

/** Says of each tool that runs its command line, and how and when it ended; what its standard input gives may be a secret and is not said. */
export function loggedToolRunner(runner: ToolRunner, log: Logger): ToolRunner {
  return {
    async run(command, options) {
      const line = commandLine({ argv: [options.path, ...command.args] })
      const started = performance.now()
      const seconds = () => Number(((performance.now() - started) / 1000).toFixed(3))
      let exitCode: number | null = null
      log.debug({ command: line }, 'a tool begins')
      try {
        const watched: typeof command = {
          ...command,
          parse(output) {
            exitCode = output.exitCode
            return command.parse(output)
          },
        }
        const answer = await runner.run(watched, options)
        log.info({ command: line, exitCode, seconds: seconds() }, 'a tool ended')
        return answer
      } catch (error) {
        const code = isDiskError(error) ? error.code : 'internal'
        const details = isDiskError(error, 'tool-failed')
          ? { exitCode: error.details.exitCode }
          : { exitCode }
        log.warn({ command: line, code, ...details, seconds: seconds() }, 'a tool failed')
        throw error
      }
    },
  }
}
