import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { text } from 'node:stream/consumers'

const { ASK_AS: authorization } = process.env
const shown = authorization === undefined ? {} : { authorization }
const posted = { method: 'POST', headers: { ...shown, 'content-type': 'application/json' } }

/** Asks each address once, or posts an empty object to it where POST stands before it, as somebody who believes any certificate, and writes a line of JSON with what was answered. */
async function ask(wish: string): Promise<{ status: number | null; said: string }> {
  const address = wish.replace(/^POST /u, '')
  const isPost = address !== wish
  const send = address.startsWith('https:') ? requestSecure : requestPlain
  return await new Promise((resolve) => {
    const asked = send(
      address,
      { headers: shown, ...(isPost && posted), rejectUnauthorized: false, timeout: 10_000 },
      (answer) => {
        text(answer).then(
          (said) => resolve({ status: answer.statusCode ?? null, said: said.slice(0, 2000) }),
          (error: unknown) => resolve({ status: null, said: String(error) }),
        )
      },
    )
    asked.on('timeout', () => asked.destroy(new Error('timeout')))
    asked.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ status: null, said: error.code ?? error.message }),
    )
    asked.end(isPost ? '{}' : undefined)
  })
}

for (const address of process.argv.slice(2)) process.stdout.write(`${JSON.stringify(await ask(address))}\n`)
