/** Where the device mapper's devices lie. */
const mapper = '/dev/mapper/'

/** What the names of all mappings of an attachment begin with: they are found by it after any death. */
export function mappedPrefix(attachment: string): string {
  return `${mapper}varve-${attachment}-`
}

/** The mapping of a logical volume. A hyphen within a name is doubled, as LVM does it: no two volumes share one. */
export function mappedVolume(
  attachment: string,
  volume: { readonly group: string; readonly name: string },
): string {
  return `${mappedPrefix(attachment)}${volumeWord(volume)}`
}

/** The mapping of what is inside a LUKS volume; a volume's has a hyphen more. */
export function mappedLuks(attachment: string, partition: number | null): string {
  return `${mappedPrefix(attachment)}luks${partition ?? ''}`
}

function volumeWord({ group, name }: { readonly group: string; readonly name: string }): string {
  return [group, name].map((word) => word.replaceAll('-', '--')).join('-')
}

/** What the device mapper takes as a name (DM_NAME_LEN), less what ours begin with. */
const mostLetters = 80

/** Whether the mapping of that volume can have a name. */
export function hasMappedName(volume: { readonly group: string; readonly name: string }): boolean {
  return volumeWord(volume).length <= mostLetters
}
