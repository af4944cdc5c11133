import type { Face } from '../face.ts'
import { address, nameOf, unreadable } from '../face-parts.ts'

const hour = 3600

export const serveFace: Face = {
  operation: 'serve',
  verb: 'Serve',
  about: 'Lets programs read its disk over NBD for a while, chain and all.',
  effect: 'reads',
  keywords: 'nbd export share network qemu nbdcopy',
  ready: 'It is only read, and ends by itself.',
  of: 'image',
  isForMany: false,
  defaults: () => ({ expires: String(hour), port: '' }),
  fields: () => [
    {
      kind: 'choice',
      key: 'expires',
      label: 'It ends by itself after',
      width: 'half',
      options: [
        { value: String(hour / 4), label: '15 minutes' },
        { value: String(hour), label: '1 hour' },
        { value: String(8 * hour), label: '8 hours' },
        { value: String(24 * hour), label: '1 day' },
        { value: String(7 * 24 * hour), label: '7 days' },
      ],
    },
    {
      kind: 'text',
      key: 'port',
      label: 'Port',
      width: 'half',
      placeholder: 'any that is free',
      problem: portProblem,
    },
  ],
  request: (subject, { expires, port }) => ({
    image: address(nameOf(subject)),
    port: Number(port),
    expiresSeconds: Number(expires),
  }),
  unfit: unreadable,
}

/** Why that is no port; null: it is one, or any is meant. */
function portProblem(value: string): string | null {
  const port = value.trim()
  return port === '' || (/^\d{1,5}$/u.test(port) && Number(port) <= 65_535)
    ? null
    : 'A number up to 65535, or nothing.'
}
