import { z } from 'zod'
import type { ScriptCaller } from './powershell-host.ts'

/** What `get-attached.ps1` gives. */
const Attached = z.object({
  disks: z.array(
    z.object({
      path: z.string().min(1),
      /** Null: Windows has mounted it itself. */
      machine: z.string().nullable(),
    }),
  ),
  /** Whether Hyper-V told its machines: without its module there are none, without the rights it shows an empty list. */
  machines: z.enum(['told', 'no-module', 'no-rights']),
  mounted: z.enum(['told', 'no-module']),
})
export type Attached = z.infer<typeof Attached>

/** Image files that this host has attached; throws as a script does, and `ZodError` for an answer that is none. */
export async function listAttached(scripts: ScriptCaller): Promise<Attached> {
  return Attached.parse(await scripts.call('get-attached'))
}
