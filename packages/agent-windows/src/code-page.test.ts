import { ScriptedToolRunner } from '@varve/agent/testing/scripted-tool-runner'
import { expect, test } from 'vitest'
import { codePageCommand, oemCodePage } from './code-page.ts'

/** As reg(1) answers: an empty line, the key, the value, an empty line. */
const answer = (page: string) =>
  `\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\Nls\\CodePage\r\n    OEMCP    REG_SZ    ${page}\r\n\r\n`

test.each([
  [answer('850'), 850],
  [answer('65001'), 65_001],
  [answer('none'), 437],
  ['', 437],
])('%j → %i', async (stdout, page) => {
  const { tool, args } = codePageCommand
  expect(await oemCodePage(new ScriptedToolRunner([{ tool, args, stdout }]))).toBe(page)
})

test('without an answer it is that of an English Windows', async () => {
  const { tool, args } = codePageCommand
  expect(await oemCodePage(new ScriptedToolRunner([{ tool, args, exitCode: 1 }]))).toBe(437)
})
