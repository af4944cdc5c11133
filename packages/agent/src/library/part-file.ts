const idPattern = /^[\w-]{1,64}$/u

/** Where a pull writes until it is published: `.<name>.<pullId>.part`, hidden beside the final file. */
export function partFileName(name: string, pullId: string): string {
  if (!idPattern.test(pullId)) throw new RangeError(`${JSON.stringify(pullId)} cannot be part of a file name`)
  return `.${name}.${pullId}.part`
}

/** True for names that `partFileName` makes. */
export function isPartFileName(name: string): boolean {
  return /^\..+\.[\w-]{1,64}\.part$/u.test(name)
}
