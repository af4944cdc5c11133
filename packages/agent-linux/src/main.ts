import { runAgentProcess } from '@varve/agent/agent-process'
import { linuxPlatform } from './platform.ts'

await runAgentProcess(() => linuxPlatform())
