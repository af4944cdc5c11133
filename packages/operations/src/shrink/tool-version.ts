/** The first two numbers of the version of a tool. */
export type ToolVersion = readonly [major: number, minor: number]

/** Whether the first version comes before the second. */
export function isOlder([major, minor]: ToolVersion, [otherMajor, otherMinor]: ToolVersion): boolean {
  return major < otherMajor || (major === otherMajor && minor < otherMinor)
}
