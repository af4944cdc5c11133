const mark = '#< CLIXML'

/**
 * The errors in what PowerShell wrote to its standard error, as text: where its input is no console, it writes objects as XML
 * ([MS-PSRP] 2.2.5). Text that is none stays as it is.
 */
export function errorText(text: string): string {
  const start = text.indexOf(mark)
  if (start === -1) return text.trim()
  const parts = text.slice(start).matchAll(/<S S="Error">([^<]*)<\/S>/gu)
  const errors = Array.from(parts, ([, part = '']) => unescaped(part)).join('')
  return `${text.slice(0, start)}${errors}`.trim()
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Entities of XML, and `_x000D_`, by which PowerShell writes what XML does not hold. */
function unescaped(text: string): string {
  return text
    .replaceAll(/&(amp|lt|gt|quot|apos);/gu, (whole, name: string) => entities[name] ?? whole)
    .replaceAll(/_x([0-9A-F]{4})_/gu, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll('\r\n', '\n')
}
