/** What a name has to be for a script of diskpart: neither how a quote is written nor the code page is documented. */
export const diskpartName = {
  isSaid: (path: string) => /^[\u0020-\u007E]+$/u.test(path) && !path.includes('"'),
  why: 'scripts of diskpart can only be relied on for names of printable ASCII without quotes',
  remedy: 'Rename it, or give it a link of such a name on the same drive: mklink /H LINK IMAGE.',
} as const
