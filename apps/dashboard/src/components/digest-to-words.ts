/** How many groups of four digits of a digest are shown at its start and end. */
export interface DigestGroups {
  readonly first: number
  readonly last: number
}

/** A digest in hexadecimal, short: `7f3a 91c4 0be2 … 5d18`. */
export function digestToWords(digest: string, { first, last }: DigestGroups): string {
  const groups = digest.match(/.{1,4}/gu) ?? []
  if (groups.length <= first + last) return groups.join(' ')
  return [...groups.slice(0, first), '…', ...groups.slice(-last)].join(' ')
}
