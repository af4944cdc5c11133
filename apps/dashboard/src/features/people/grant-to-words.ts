import type { Grant, Right } from '@varve/protocol/people'

/** What a grant lets somebody do, a line for each right. */
export function grantToWords({ role, rights }: Grant): readonly string[] {
  switch (role) {
    case 'admin':
      return ['everything, people too']
    case 'viewer':
      return ['looks at everything, changes nothing']
    case 'operator':
      if (rights === null) return ['every operation, everywhere']
      return rights.length === 0 ? ['no operation anywhere'] : rights.map(rightToWords)
  }
}

function rightToWords({ hosts, libraries, operations }: Right): string {
  const places = [
    ...(libraries === null
      ? []
      : [`in ${libraries.length === 1 ? 'library' : 'libraries'} ${listOf(libraries)}`]),
    ...(hosts === null ? [] : [`on ${listOf(hosts)}`]),
  ]
  const what = operations === null ? 'every operation' : listOf(operations)
  return `${what} ${places.length === 0 ? 'everywhere' : places.join(' ')}`
}

function listOf(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`
}
