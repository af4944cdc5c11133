import { countOf } from '@varve/core/units/format-bytes'
import type { PersonView } from '@varve/protocol/people'

/** What somebody signs in with. */
export function personToWays(
  person: Pick<PersonView, 'hasPassword' | 'hasOneTimeCodes' | 'passkeys' | 'isFromSingleSignOn'>,
): string {
  const { hasPassword, hasOneTimeCodes, passkeys, isFromSingleSignOn } = person
  const ways = [
    ...(hasPassword ? [hasOneTimeCodes ? 'password with codes' : 'password'] : []),
    ...(passkeys > 0 ? [countOf(passkeys, 'passkey')] : []),
    ...(isFromSingleSignOn ? ['single sign-on'] : []),
  ]
  return ways.length === 0 ? 'nothing but a link to sign in with' : ways.join(', ')
}
