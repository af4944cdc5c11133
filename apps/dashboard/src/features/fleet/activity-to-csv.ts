import type { ActivityRow } from '@varve/protocol/events'

/** The rows as CSV (RFC 4180); a cell that a spreadsheet would run as a formula gets an apostrophe. */
export function activityToCsv(rows: readonly ActivityRow[]): string {
  const lines = rows.map(({ sequence, at, subject, subjectId, title }) =>
    [String(sequence), at, subject, subjectId, title].map(cell).join(','),
  )
  return `${['sequence,at,subject,id,title', ...lines].join('\r\n')}\r\n`
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/u.test(text) ? `'${text}` : text
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
