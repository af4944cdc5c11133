import { askSystemBy } from '@varve/agent/platform/find-writers'
import { runAgentProcess } from '@varve/agent/agent-process'
import { macosPlatform } from './platform.ts'

void runAgentProcess(() => {
  const platform = macosPlatform()
  if (platform.findWriters) askSystemBy(platform.findWriters)
  return platform
})
