/** A finding's message as a title: without the layer and file that stand in front of coded errors, in sentence case. */
export function problemToWords(message: string): string {
  const bare = message.replace(/^L[0-7] "(?:[^"\\]|\\.)*": /u, '')
  return bare.charAt(0).toUpperCase() + bare.slice(1)
}
