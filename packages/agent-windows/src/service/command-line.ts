/** Words as one command line, so that `CommandLineToArgvW` gives them back. */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(' ')
}

function quoted(word: string): string {
  if (word !== '' && !/[\s"]/u.test(word)) return word
  // Backslashes count only before a quote.
  return `"${word.replaceAll(/(\\*)"/gu, String.raw`$1$1\"`).replace(/\\+$/u, '$&$&')}"`
}
