/** The assignments of os-release(5); quotes and escapes undone, at most 64 KiB are looked at. */
export function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const line of text.slice(0, 65_536).split('\n')) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/u.exec(line.trim())
    if (match) values.set(match[1] ?? '', unquote(match[2] ?? ''))
  }
  return values
}

function unquote(text: string): string {
  const quoted = /^(["'])(.*)\1$/u.exec(text)
  return (quoted?.[2] ?? text).replaceAll(/\\(["'$`\\])/gu, '$1')
}
