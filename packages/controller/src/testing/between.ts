import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { issueCertificate, makeRequest, makeRoot } from '@varve/trust/certificates'

/** Somebody between host and controller, who passes on what `change` makes of it; null: the half of it, and breaks off. */
export async function between(url: string, change: (path: string, bytes: Buffer) => Buffer | null) {
  const asked: string[] = []
  const fleet = 'ee'.repeat(16)
  const root = await makeRoot({ fleet, generation: 1, now: new Date() })
  const { key, request } = await makeRequest()
  const member = { fleet, kind: 'controller', name: 'controller' } as const
  const { chain } = await issueCertificate({
    root,
    request,
    member,
    reachedBy: ['127.0.0.1'],
    now: new Date(),
    validMs: 86_400_000,
  })
  const server = createServer({ key, cert: chain }, (question, answer) => {
    const path = question.url ?? ''
    asked.push(path)
    fetch(url + path)
      .then(async (found) => {
        const bytes = Buffer.from(await found.arrayBuffer())
        const passed = change(path, bytes)
        answer.setHeader('content-length', (passed ?? bytes).length)
        if (passed) return answer.end(passed)
        answer.write(bytes.subarray(0, bytes.length / 2), () => answer.destroy())
      })
      .catch(() => answer.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    asked,
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
