/** Why this side closed a connection. */
export class ConnectionRefused extends Error {
  override readonly name = 'ConnectionRefused'
}
