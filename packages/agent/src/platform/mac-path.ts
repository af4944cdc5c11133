/** Folders of the root that macOS keeps below /private, and shows by both names. */
const movedFolders = /^\/private(?=\/(?:tmp|var|etc)(?:\/|$))/u

/** Two names have the same key where they mean the same file: APFS and HFS+ tell composed letters and decomposed ones not apart. */
export function macPathKey(path: string): string {
  return path.replace(movedFolders, '').normalize('NFC')
}
