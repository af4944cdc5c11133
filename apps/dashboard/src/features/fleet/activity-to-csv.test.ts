import { expect, test } from 'vitest'
import { activityToCsv } from './activity-to-csv.ts'

test('quotes what needs it and defuses formulas', () => {
  const row = { sequence: 7, at: '2026-11-22T12:00:00Z', subject: 'image', subjectId: 'i1' } as const
  expect(
    activityToCsv([
      { ...row, title: 'a "b", c' },
      { ...row, title: '=cmd' },
    ]),
  ).toBe(
    'sequence,at,subject,id,title\r\n7,2026-11-22T12:00:00Z,image,i1,"a ""b"", c"\r\n7,2026-11-22T12:00:00Z,image,i1,\'=cmd\r\n',
  )
})
