import { formatBytes } from '@varve/core/binary/format-bytes'

/**
 * A finding's message as a title: without the layer and file that stand in front of coded errors, in sentence case,
 * long counts of bytes in IEC units.
 */
export function problemToWords(message: string): string {
  const bare = message.replace(/^L[0-7] "(?:[^"\\]|\\.)*": /u, '')
  const [first = ''] = bare.split(' ', 1)
  // A name stays as it is written.
  const isName = /[./\\_\d]/u.test(first)
  return withSizes(isName ? bare : bare.charAt(0).toUpperCase() + bare.slice(1))
}

/** Offsets stay exact: they are for looking up, not for weighing. */
function withSizes(message: string): string {
  if (!/\d bytes/u.test(message)) return message
  return message.replaceAll(/(?<!offset )\b(\d{7,15})\b(?: bytes)?/gu, (_, count: string) =>
    formatBytes(Number(count)),
  )
}
