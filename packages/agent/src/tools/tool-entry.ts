/** A tool that Varve knows; a row of a platform's table. */
export interface ToolEntry {
  readonly name: string
  /** What it enables, in words. */
  readonly enables: string
  /** The command that installs it on this system. */
  readonly install: string
  /** Arguments that make it print its version; null when it has none. */
  readonly versionArgs: readonly string[] | null
}
