import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

const varve = resolve(import.meta.dirname, '../../../../packages/cli/bin/varve.mjs')

/** A `diskpart` of the tests that compacts: Varve writes the image anew, and its bytes take the place of the old ones. */
export async function writeCompactingDiskpart(folder: string, exitCode: number): Promise<void> {
  const program = String.raw`#!${process.execPath}
const { execFileSync } = require('node:child_process')
const { readFileSync, writeFileSync, copyFileSync } = require('node:fs')
const [option, script] = process.argv.slice(2)
const [selected, wish] = readFileSync(script, 'latin1').split('\r\n')
const image = /^select vdisk file="(.+)"$/u.exec(selected)?.[1]
process.exitCode = ${exitCode}
process.stdout.write('Microsoft DiskPart-Version 10.0.19041.3636\r\n\r\n')
if (option === '/s' && image && wish === 'compact vdisk' && process.exitCode === 0) {
  const copy = image + '.compacted.vhdx'
  copyFileSync(image, copy)
  execFileSync(process.execPath, [${JSON.stringify(varve)}, 'reclaim', copy, '--yes'])
  writeFileSync(image, readFileSync(copy))
  process.stdout.write('  100 Prozent bearbeitet\r\n\r\nDie Datei wurde komprimiert.\r\n')
} else process.stdout.write('Fehler beim Dienst.\r\n')
`
  await writeFile(join(folder, 'diskpart'), program, { mode: 0o755 })
}
