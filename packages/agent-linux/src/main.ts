import { runAgentProcess } from '@varve/agent/agent-process'
import { linuxPlatform } from './platform.ts'

void runAgentProcess(() => linuxPlatform())
