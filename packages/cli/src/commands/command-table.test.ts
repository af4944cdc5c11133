import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { buildProgram } from '../grammar/build-program.ts'
import { commandTable } from './command-table.ts'

const names = commandTable.map(({ usage }) => usage.split(' ')[0])

test('the table has every command file, sorted by name', () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.command.ts'))
  expect(names).toEqual(files.map((name) => basename(name, '.command.ts')).sort())
})

test('help lists each command that is not hidden once, under the heading of its layer', () => {
  const help = buildProgram(commandTable, '0', async () => {}).helpInformation()
  const headings = [
    'L1, image files:',
    'L2, containers: what formats and chains are about:',
    'L3, disks: what the guest sees:',
    'All layers:',
    'Fleet, through a controller:',
    'Runs of operations:',
    'This command:',
  ]
  const places = headings.map((heading) => help.indexOf(`\n${heading}\n`))
  expect(places.every((place) => place > 0)).toBe(true)
  expect(places).toEqual([...places].sort((a, b) => a - b))
  for (const { usage, isHidden } of commandTable) {
    const lines = help.split('\n').filter((line) => line === `  ${usage}` || line.startsWith(`  ${usage} `))
    expect({ usage, lines: lines.length }).toEqual({ usage, lines: isHidden ? 0 : 1 })
  }
})
