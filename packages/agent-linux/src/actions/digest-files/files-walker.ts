import { execFileSync } from 'node:child_process'
import { writeSync } from 'node:fs'
import { tellsOften } from '../../tools/own-program-tells.ts'
import { Orders } from './orders.ts'
import { walkFiles } from './walk-files.ts'

/** A folder that every Linux has; what is mounted there is seen by this process alone. */
const place = '/run'

const [, , words = ''] = process.argv
const { device, type, options, allContents, isWhole } = Orders.parse(JSON.parse(words))
execFileSync('mount', ['-t', type, '-o', options, '--source', device, '--target', place], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
const found = walkFiles(place, {
  allContents,
  isWhole,
  onEntry: tellsOften(),
})
writeSync(1, JSON.stringify(found))
