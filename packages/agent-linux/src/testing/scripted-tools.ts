import type { ToolBox } from '@varve/agent/actions/adapter'
import { ScriptedToolRunner, type ScriptedAnswer } from '@varve/agent/testing/scripted-tool-runner'

/** Tools that give these answers, each once; `missing` are not installed. */
export function scriptedTools(answers: readonly ScriptedAnswer[], missing: readonly string[] = []): ToolBox {
  const runner = new ScriptedToolRunner(answers)
  return {
    find: async (tool) => Promise.resolve(missing.includes(tool) ? null : `/usr/bin/${tool}`),
    run: async (command, options) => runner.run(command, { ...options, path: `/usr/bin/${command.tool}` }),
  }
}
