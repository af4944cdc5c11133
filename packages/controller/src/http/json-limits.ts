/** What a text may hold before anybody parses it. */
export interface JsonLimits {
  /** Arrays and objects inside each other. */
  readonly depth: number
  /** Elements, members and containers in all. */
  readonly values: number
  /** Elements of an array that is the whole text: calls of a batch. */
  readonly batch: number
}

/** Of every message and body: ten times what the largest that is sent has. */
export const jsonLimits: JsonLimits = { depth: 40, values: 100_000, batch: 32 }

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const openArray = 0x5b
const openObject = 0x7b
const closeArray = 0x5d
const closeObject = 0x7d

/**
 * Why a text must not be parsed as JSON, or null. One pass that stops at the first excess; it does not tell whether the
 * text is JSON at all.
 */
export function refuseJson(text: string, limits: JsonLimits = jsonLimits): string | null {
  let depth = 0
  let values = 0
  let batch = 1
  const isBatch = /^\s*\[/u.test(text)
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at)
        break
      case openArray:
      case openObject:
        depth += 1
        values += 1
        if (depth > limits.depth) return `The message is nested deeper than ${limits.depth} levels.`
        break
      case closeArray:
      case closeObject:
        depth -= 1
        break
      case comma:
        values += 1
        if (isBatch && depth === 1) batch += 1
        if (batch > limits.batch) return `A batch has at most ${limits.batch} calls.`
        break
    }
    if (values > limits.values) return `The message holds more than ${limits.values} values.`
  }
  return null
}

/** Where the string that begins at `start` ends; the end of the text when it does not. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1
    if (slashes % 2 === 0) return end
  }
  return text.length
}
