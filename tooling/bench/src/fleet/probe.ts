import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A process of its own that asks a controller what dashboards ask, again and again, and says at the end how long each
 * answer took. Arguments: the address, milliseconds between two questions, paths with their inputs as JSON.
 */
const [url = '', pauseMs = '50', ...questions] = process.argv.slice(2)
const took = new Map<string, number[]>(questions.map((question) => [question, []]))
let failed = 0
let isOver = false
process.once('SIGTERM', () => (isOver = true))
process.stdout.write('ready\n')
for (let turn = 0; !isOver; turn += 1) {
  const question = questions[turn % questions.length] ?? ''
  const started = performance.now()
  try {
    const response = await fetch(`${url}${question}`)
    await response.arrayBuffer()
    if (!response.ok) failed += 1
    took.get(question)?.push(performance.now() - started)
  } catch {
    failed += 1
  }
  await sleep(Number(pauseMs))
}
process.stdout.write(`${JSON.stringify({ failed, took: Object.fromEntries(took) })}\n`)
