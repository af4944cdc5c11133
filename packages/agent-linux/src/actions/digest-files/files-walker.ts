import { execFileSync } from 'node:child_process'
import { mkdirSync, writeSync } from 'node:fs'
import { tellsOften } from '../../tools/own-program-tells.ts'
import { Orders } from './orders.ts'
import { walkFiles } from './walk-files.ts'

/** A folder that every Linux has; what is mounted there is seen by this process alone. */
const place = '/run'

const [, , words = ''] = process.argv
const { device, type, options, allContents, isWhole } = Orders.parse(JSON.parse(words))
const run = (args: readonly string[]) =>
  execFileSync('mount', args, { stdio: ['ignore', 'ignore', 'inherit'] })
// A server of FUSE would wait for itself for ever where it looks for something below /run, such as the log of systemd.
run(['-t', 'tmpfs', '-o', 'mode=700', 'varve', place])
const folder = `${place}/guest`
mkdirSync(folder)
run(['-t', type, '-o', options, '--source', device, '--target', folder])
const found = walkFiles(folder, {
  allContents,
  isWhole,
  onEntry: tellsOften(),
})
writeSync(1, JSON.stringify(found))
