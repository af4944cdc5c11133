import { delimiter } from 'node:path'
import { runAgentProcess } from '@varve/agent/agent-process'
import { linuxPlatform } from '../platform.ts'

/** The agent as a process that finds its tools on its PATH, where a stand-in may be in front of them. */
void runAgentProcess(() => {
  const platform = linuxPlatform()
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return { ...platform, tools: { ...platform.tools, folders } }
})
