import { runAgentProcess } from '@varve/agent/agent-process'
import { macosPlatform } from './platform.ts'

await runAgentProcess(() => macosPlatform())
