/** For single actions on a device that nobody has attached, or that is not there. */
export async function unheld(): Promise<AsyncDisposable> {
  return await Promise.resolve({ [Symbol.asyncDispose]: async () => Promise.resolve() })
}
