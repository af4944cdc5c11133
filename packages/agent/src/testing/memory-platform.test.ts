import { describePlatform } from './platform-contract.ts'
import { memoryPlatform } from './memory-platform.ts'

describePlatform('memory', memoryPlatform)
