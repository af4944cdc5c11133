import { askSystemBy } from '@varve/agent/platform/find-writers'
import { runAgentProcess } from '@varve/agent/agent-process'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import { windowsPlatform } from './platform.ts'
import { serviceWord } from './service/service-word.ts'
import { windowsServiceProcess } from './service/windows/service-process.ts'
import { windowsServiceSystem } from './service/windows/service-system.ts'

function makePlatform() {
  const platform = windowsPlatform()
  if (platform.findWriters) askSystemBy(platform.findWriters)
  return platform
}

void runAgentProcess(makePlatform, [
  serviceWord({
    system: windowsServiceSystem,
    process: windowsServiceProcess(),
    runner: new ExecaToolRunner(),
    program: { node: process.execPath, nodeWords: process.execArgv, script: process.argv[1] ?? '' },
    makePlatform,
    say: (text) => void process.stdout.write(`${text}\n`),
    setCode(code) {
      process.exitCode = code
    },
    exit: (code) => process.exit(code),
  }),
])
