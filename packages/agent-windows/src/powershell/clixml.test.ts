import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { errorText } from './clixml.ts'

const sample = resolve(
  import.meta.dirname,
  '../../../../../shared/reference/platform/samples/windows/clixml-stderr.xml',
)

test.skipIf(!existsSync(sample))('the errors of a real host are told as they were', () => {
  const text = errorText(readFileSync(sample, 'utf8'))
  expect(text).toMatch(/^New-VHD : Failed to create the virtual hard disk\.\nThe system failed/u)
  expect(text).toMatch(/exists\. \(0x80070050\)\.\n/u)
  expect(text).not.toMatch(/<|_x000/u)
})

test('progress is left out, entities are characters, text beside it stays', () => {
  const xml =
    '#< CLIXML\r\n<Objs><Obj S="progress"><S>Loading</S></Obj><S S="Error">&lt;a&gt; &amp; b_x000D__x000A_</S></Objs>'
  expect(errorText(`before\n${xml}`)).toBe('before\n<a> & b')
  expect(errorText(' plain \n')).toBe('plain')
  expect(errorText('#< CLIXML\n<Objs>')).toBe('')
})
