import { expect, test } from 'vitest'
import { controlFile, writeAr } from './deb.ts'

test('an ar archive has a head of 60 bytes for each member, and each begins at an even byte', () => {
  const bytes = Buffer.from(
    writeAr(
      [
        { name: 'one', bytes: Buffer.from('abc') },
        { name: 'two', bytes: Buffer.from('d') },
      ],
      12,
    ),
  )
  expect(bytes.toString('latin1')).toBe(
    '!<arch>\n' +
      'one             12          0     0     100644  3         `\nabc\n' +
      'two             12          0     0     100644  1         `\nd\n',
  )
})

test('the control file names the processor as Debian does', () => {
  const text = controlFile({ version: '1.2.3', cpu: 'x64', installedBytes: 2049 })
  expect(text).toContain('Version: 1.2.3\nArchitecture: amd64\n')
  expect(text).toContain('Installed-Size: 3\n')
  expect(text.endsWith('\n')).toBe(true)
})
