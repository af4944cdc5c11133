import { findTool } from '@varve/test-kit/tools'
import { whyNotBuilt } from '../build/build-root.ts'
import { buildModules, compilers } from './build-modules.ts'

const missing = compilers.filter((tool) => findTool(tool) === null)
const why = whyNotBuilt([]) ?? (missing.length > 0 ? `compiling needs ${missing.join(', ')}` : null)
if (why !== null) throw new Error(`the modules of ZFS are not built: ${why}`)
const started = performance.now()
const folder = await buildModules((words) => process.stdout.write(`${words}\n`))
process.stdout.write(`zfs: ${folder} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`)
