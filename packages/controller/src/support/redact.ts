/** Takes secrets out of text. */
export type Redact = (text: string) => string

const shown = '[redacted]'

/** What looks like a secret wherever it stands, by what Varve makes and what people paste. */
const patterns: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gu,
  /varve-(?:join|once|local)\.[\w.-]+/gu,
  // Keys of people.
  /\bvarve_[\w-]{16,}/gu,
  /AGE-SECRET-KEY-[\w-]+/gu,
  // Sealed by the key of the data folder.
  /\bs1\.[\w-]{20,}/gu,
  // Who signs in to an address.
  /(?<=:\/\/)[^/@\s"]*(?=@)/gu,
  // Values of fields whose names tell of secrets, in JSON and in settings.
  /(?<="[\w-]{0,40}(?:pass(?:phrase|word)|secret|token|authorization|cookie|credential|private|otp|exportName)[\w-]{0,40}"\s{0,4}:\s{0,4}")(?:[^"\\]|\\.)+(?=")/giu,
  /(?<=\b[\w-]{0,40}(?:passphrase|password|secret|token|cookie)[\w-]{0,40}[=:]\s?)[^\s"',;]{4,}/giu,
]

/** Names of exports, sessions and keys are long and random, of letters of both cases and digits; digests are hexadecimal, and stay. */
function withoutRandom(text: string): string {
  return text.replaceAll(/[\w-]{40,}/gu, (word) =>
    [/[a-z]/u, /[A-Z]/u, /\d/u].every((kind) => kind.test(word)) ? shown : word,
  )
}

/** `secrets`: what is known to be one, whatever it looks like. */
export function redactor(secrets: Iterable<string>): Redact {
  // As it is, and as it stands in JSON.
  const written = [...secrets].flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
  const known = [...new Set(written)].filter((secret) => secret.length >= 8)
  // One in which another one stands goes first.
  known.sort((a, b) => b.length - a.length)
  return (text) => {
    let clean = text
    for (const secret of known) clean = clean.replaceAll(secret, shown)
    for (const pattern of patterns) clean = clean.replaceAll(pattern, shown)
    return withoutRandom(clean)
  }
}
