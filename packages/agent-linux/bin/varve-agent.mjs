// The agent as people start it: from its bundle, or from its sources when one of them was changed.
import { join } from 'node:path'
import { loadProgram } from '../../../tooling/bundle/load-program.cjs'

await loadProgram(join(import.meta.dirname, '..'), 'main')
