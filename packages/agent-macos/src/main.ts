import { runAgentProcess, runConfigured } from '@varve/agent/agent-process'
import { askSystemBy } from '@varve/agent/platform/find-writers'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import { macosPlatform } from './platform.ts'
import { servicePlace } from './service/definition.ts'
import { serviceWord } from './service/service-word.ts'

function makePlatform() {
  const platform = macosPlatform()
  if (platform.findWriters) askSystemBy(platform.findWriters)
  return platform
}

void runAgentProcess(makePlatform, [
  serviceWord({
    runner: new ExecaToolRunner(),
    place: servicePlace(),
    daemon: servicePlace({ uid: 0 }),
    program: { node: process.execPath, nodeWords: process.execArgv, script: process.argv[1] ?? '' },
    run: async (config) => runConfigured(config, makePlatform()),
    say: (text) => void process.stdout.write(`${text}\n`),
    setCode(code) {
      process.exitCode = code
    },
  }),
])
