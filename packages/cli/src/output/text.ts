import { unprintable } from '@varve/operations/plans/shown'

/** The name as it can be printed on a terminal: control characters made visible, so that a hostile name cannot steer it. */
export function printable(name: string): string {
  return name.replaceAll(unprintable, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}

/** The digest in groups of four, as people compare it. */
export function groupDigest(digest: string): string {
  return digest.replaceAll(/(.{4})(?=.)/gu, '$1 ')
}

/** First and last groups of a digest. */
export function shortDigest(digest: string): string {
  const groups = groupDigest(digest).split(' ')
  return `${groups.slice(0, 4).join(' ')} … ${groups.at(-1) ?? ''}`
}

const styles = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const
export type Style = keyof typeof styles

/** Writes text in a style, or plain when colours are off. */
export type Paint = (style: Style, text: string) => string

export function paintWith(color: boolean): Paint {
  return (style, text) => (color ? `\u001B[${styles[style][0]}m${text}\u001B[${styles[style][1]}m` : text)
}

/** The layer stands before each line already. */
function withoutLayer(message: string, layer: string): string {
  return message.startsWith(`${layer} "`) ? message.slice(layer.length + 1) : message
}

/** `problems` as lines: severity, layer, message, remedy. */
export function problemLines(
  problems: readonly { severity: string; layer: string; message: string; remedy: string }[],
  paint: Paint,
): string[] {
  const style = { block: 'red', warn: 'yellow', info: 'dim' } as const
  return problems.flatMap(({ severity, layer, message, remedy }) => [
    `${paint(style[severity as keyof typeof style] ?? 'dim', `${severity.padEnd(5)} ${layer}`)}  ${printable(withoutLayer(message, layer))}`,
    `          ${paint('dim', printable(remedy))}`,
  ])
}
