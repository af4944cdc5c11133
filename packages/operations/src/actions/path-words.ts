/** The last part of a path of any system. */
export function baseName(path: string): string {
  return path.split(/[/\\]/u).findLast((part) => part !== '') ?? path
}
