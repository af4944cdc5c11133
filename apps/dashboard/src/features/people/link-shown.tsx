import type { SignInLink } from '@varve/protocol/people'
import { ShownOnce } from './shown-once.tsx'

/** A link that signs one person in once. */
export function LinkShown({ link: { person, url, expiresAt } }: { readonly link: SignInLink }) {
  const until = new Date(expiresAt).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <ShownOnce text={url}>
      For <strong>{person}</strong> alone: it signs in once, until <time dateTime={expiresAt}>{until}</time>.
      It is not shown again; whoever has it is {person}, so send it by a way that you trust.
    </ShownOnce>
  )
}
