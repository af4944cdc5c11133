/**
 * Gives the memory of `bytes` back at once instead of at some later garbage collection; `bytes` are empty afterwards.
 * Only for bytes that nothing else holds; a view of a part of something larger is left as it is.
 */
export function releaseMemory(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0)
}
