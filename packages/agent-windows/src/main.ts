import { runAgentProcess } from '@varve/agent/agent-process'
import { windowsPlatform } from './platform.ts'

await runAgentProcess(() => windowsPlatform())
