import { expect, test } from 'vitest'
import { commandLine } from './command-line.ts'

test.each([
  [['C:\\node.exe', 'service', 'run'], 'C:\\node.exe service run'],
  [['C:\\Program Files\\node.exe'], '"C:\\Program Files\\node.exe"'],
  [['C:\\My Data\\'], '"C:\\My Data\\\\"'],
  [['C:\\Data\\'], 'C:\\Data\\'],
  [['a"b', 'a\\"b', ''], '"a\\"b" "a\\\\\\"b" ""'],
])('%j → %s', (words, line) => {
  expect(commandLine(words)).toBe(line)
  expect(split(line)).toEqual(words)
})

/** As the C runtime of Microsoft documents it. */
function split(line: string): string[] {
  const words: string[] = []
  let word: string | null = null
  let isQuoted = false
  for (const [, slashes = '', sign = ''] of line.matchAll(/(\\*)("|[^\\"]|$)/gu)) {
    const isQuote = sign === '"'
    if (slashes !== '') word = (word ?? '') + (isQuote ? slashes.slice(slashes.length / 2) : slashes)
    const isEscaped = isQuote && slashes.length % 2 === 1
    if (isEscaped) word = `${(word ?? '').slice(0, -1)}"`
    else if (isQuote) {
      isQuoted = !isQuoted
      word ??= ''
    } else if (sign === ' ' && !isQuoted) {
      if (word !== null) words.push(word)
      word = null
    } else if (sign !== '') word = (word ?? '') + sign
  }
  return word === null ? words : [...words, word]
}
