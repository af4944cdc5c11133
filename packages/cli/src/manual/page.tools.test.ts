import { requires } from '@varve/test-kit/tools'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { commandTable } from '../commands/command-table.ts'
import { buildProgram } from '../grammar/build-program.ts'
import { allCommands, modelOf } from '../grammar/model.ts'
import { manualPage, pageName } from './page.ts'

const commands = allCommands(modelOf(buildProgram(commandTable, '1.2.3', async () => {})))

describe.skipIf(!requires('mandoc'))('the manual', () => {
  test('mandoc has nothing to say against any page, but that it has no date', async () => {
    for (const command of commands) {
      const input = manualPage(command, { version: '1.2.3' })
      const { stdout } = await execa('mandoc', ['-T', 'lint', '-W', 'warning'], { input, reject: false })
      const faults = stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'))
      expect({ page: pageName(command), faults }).toEqual({ page: pageName(command), faults: [] })
    }
  })

  test('a page has every option with its value, and text that roff would take for a request stays text', async () => {
    const convert = commands.find(({ path }) => path.join(' ') === 'convert')
    if (!convert) throw new Error('no convert')
    const input = manualPage(
      { ...convert, does: `.so /etc/passwd \\n(.z 'quoted' -- text` },
      { version: '1' },
    )
    const { stdout } = await execa('mandoc', ['-T', 'ascii', '-O', 'width=200'], { input })
    const plain = stdout.replaceAll(/.\u0008/gu, '')
    for (const { long, value } of convert.options)
      expect(plain).toContain(value ? `${long} ${value.name}` : long)
    expect(plain).toContain(`.so /etc/passwd \\n(.z 'quoted' -- text.`)
    expect(plain).toContain('varve convert [options] <source> <target...>')
  })
})
