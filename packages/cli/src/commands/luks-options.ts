import { UsageError } from '../command.ts'
import { isPlanAsked, type HostOptions } from '../operations/wish.ts'
import { secretFrom } from '../secret-input.ts'

export interface LuksOptions {
  /** Standard input is the passphrase of its LUKS. */
  readonly luks?: boolean
  /** Standard input is the key file of its LUKS. */
  readonly luksKey?: boolean
}

/** Whether LUKS is to be opened, and with what; a plan takes no secret, and another host gets none. Throws when both kinds are given. */
export async function luksWish(
  options: LuksOptions & Pick<HostOptions, 'host'> & Parameters<typeof isPlanAsked>[0],
): Promise<{ readonly isLuks: boolean; readonly secret?: Uint8Array }> {
  const { luks = false, luksKey = false } = options
  if (luks && luksKey)
    throw new UsageError(
      'Standard input is either a passphrase or a key file: leave --luks or --luks-key out.',
    )
  const isLuks = luks || luksKey
  if (!isLuks || isPlanAsked(options) || options.host !== undefined) return { isLuks }
  return { isLuks, secret: await secretFrom(process.stdin, luks ? 'passphrase' : 'key') }
}
