import { expect, test } from 'vitest'
import { toldToWords } from './told-to-words.ts'

test('it is told who said the format', () => {
  expect(toldToWords(null)).toContain('detected')
  expect(toldToWords({ scope: 'image', name: 'a.img', format: 'qcow2' })).toContain('this image')
  expect(toldToWords({ scope: 'folder', name: 'vms', format: 'qcow2' })).toBe(
    'qcow2 is said for the folder vms/.',
  )
  expect(toldToWords({ scope: 'folder', name: '', format: 'raw' })).toBe('raw is said for the whole library.')
})
