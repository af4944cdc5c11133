/** The name in quotes, with control characters and bidirectional marks made visible. */
export function quote(name: string): string {
  return JSON.stringify(name).replaceAll(
    /[\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/gu,
    escapeCharacter,
  )
}

function escapeCharacter(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
}
