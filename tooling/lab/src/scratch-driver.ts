import { createServer } from 'node:http'
import { ensureLab } from './build/build-lab.ts'
import { startLab } from './machine/start-lab.ts'
const lab = await startLab(await ensureLab(() => {}))
createServer(async (req, res) => {
  let body = ''
  for await (const c of req) body += c
  if (body === 'QUIT') { res.end('bye'); await lab[Symbol.asyncDispose](); process.exit(0) }
  try { const o = await lab.run(body); res.end(`exit ${o.exitCode}\n${o.stdout}\n--- stderr\n${o.stderr}\n`) } catch (e) { res.end(String(e)) }
}).listen(7799, '127.0.0.1')
