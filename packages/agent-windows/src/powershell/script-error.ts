import { z } from 'zod'

/** What a script failed with; `message` is in the language of the host and for people only. */
export const ScriptFailure = z.object({
  /** `FullyQualifiedErrorId`, such as `ObjectInUse,Microsoft.Vhd.PowerShell.Cmdlets.GetVHD`. */
  id: z.string(),
  /** `CategoryInfo.Category`, such as `ResourceBusy`. */
  category: z.string(),
  /** HRESULTs from the outside in, such as `0x80070020`. */
  codes: z.array(z.string()),
  message: z.string(),
  /** Of the script, from 1; 0 where it is not known. */
  line: z.number(),
})
export type ScriptFailure = z.infer<typeof ScriptFailure>

/** A script of this package ended with an error. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError'
  readonly script: string
  readonly failure: ScriptFailure

  constructor(script: string, failure: ScriptFailure) {
    super(`${script}: ${failure.message.trim()} (${failure.id}, line ${failure.line})`)
    this.script = script
    this.failure = failure
  }
}
