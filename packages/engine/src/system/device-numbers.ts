/** Major and minor number of a device, makedev(3). */
export function deviceNumbers(dev: bigint): readonly [major: bigint, minor: bigint] {
  const major = ((dev >> 8n) & 0xf_ffn) | ((dev >> 32n) & 0xff_ff_f0_00n)
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xff_ff_ff_00n)
  return [major, minor]
}

/** The device of stat(2) with those numbers. */
export function makeDevice(major: bigint, minor: bigint): bigint {
  const low = (minor & 0xffn) | ((major & 0xf_ffn) << 8n)
  return low | ((minor & ~0xffn) << 12n) | ((major & ~0xf_ffn) << 32n)
}
