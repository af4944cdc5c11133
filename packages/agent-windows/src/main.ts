import { askSystemBy } from '@varve/agent/platform/find-writers'
import { runAgentProcess } from '@varve/agent/agent-process'
import { windowsPlatform } from './platform.ts'

void runAgentProcess(() => {
  const platform = windowsPlatform()
  if (platform.findWriters) askSystemBy(platform.findWriters)
  return platform
})
