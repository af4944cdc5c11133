/** Why a release cannot be made, in one sentence for the person who makes it. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError'
}
