import { execFileSync } from 'node:child_process'
import { mkdirSync, writeSync } from 'node:fs'
import { copyTreeFlags } from './copy-tree-flags.ts'
import { tellsOften } from '../../tools/own-program-tells.ts'
import { Orders } from './orders.ts'

/** A folder that every Linux has; what is mounted there is seen by this process alone. */
const place = '/run'

const run = (tool: string, args: readonly string[]) =>
  execFileSync(tool, args, { stdio: ['ignore', 'ignore', 'inherit'] })

const [, , words = ''] = process.argv
const { type, from, to } = Orders.parse(JSON.parse(words))
run('mount', ['-t', 'tmpfs', '-o', 'mode=700', 'varve', place])
const folders = [`${place}/from`, `${place}/to`] as const
for (const [at, { device, options }] of [from, to].entries()) {
  const folder = folders[at] ?? place
  mkdirSync(folder)
  run('mount', ['-t', type, '-o', options, '--source', device, '--target', folder])
}
const changed = copyTreeFlags({
  from: folders[0],
  to: folders[1],
  onEntry: tellsOften(),
})
run('umount', ['--', folders[1]])
writeSync(1, JSON.stringify({ changed }))
