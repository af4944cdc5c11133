/** A value as a property list says it. */
export type Plain =
  string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain | undefined }

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function elementOf(value: Plain, indent: string): string {
  if (typeof value === 'string') return `${indent}<string>${escaped(value)}</string>`
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`
  if (typeof value === 'boolean') return `${indent}<${value}/>`
  if (Array.isArray(value)) {
    const all = (value as readonly Plain[]).map((one) => elementOf(one, `${indent}\t`))
    return [`${indent}<array>`, ...all, `${indent}</array>`].join('\n')
  }
  const entries = Object.entries(value).flatMap(([key, one]) =>
    one === undefined ? [] : [`${indent}\t<key>${escaped(key)}</key>`, elementOf(one, `${indent}\t`)],
  )
  return [`${indent}<dict>`, ...entries, `${indent}</dict>`].join('\n')
}

/** A property list as macOS prints it. */
export function plistText(value: Plain): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    elementOf(value, ''),
    '</plist>',
    '',
  ].join('\n')
}
