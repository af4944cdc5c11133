/** Now, as it is kept and sent. */
export function timestamp(): string {
  return new Date().toISOString()
}
