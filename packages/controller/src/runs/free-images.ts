import { randomBytes } from 'node:crypto'
import { openRunsAt } from '../store/runs-store.ts'
import type { Db } from '../store/database.ts'
import type { Sessions } from '../agents/sessions.ts'

/** An agent that says nothing is not waited for longer: it is told again with its next welcome. */
const answerMs = 2000

/** Lets agents free what a run has locked on their hosts. */
export interface FreeImages {
  /** Before the run is over: the images of that host are free for others, as far as its agent is there. */
  free(host: string, run: string): Promise<void>
  /** An agent has done what it was asked to under that token. */
  freed(token: string): void
}

export function createFreeImages({
  db,
  sessions,
}: {
  readonly db: Db
  readonly sessions: Pick<Sessions, 'find' | 'send'>
}): FreeImages {
  const waiting = new Map<string, () => void>()
  return {
    async free(host, run) {
      const agent = sessions.find(host)
      if (!agent?.isConnected) return
      const token = randomBytes(12).toString('base64url')
      const open = openRunsAt(db, host).filter((id) => id !== run)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, answerMs)
        timer.unref()
        waiting.set(token, () => {
          clearTimeout(timer)
          resolve()
        })
        sessions.send(agent, { kind: 'runs', open, token })
      })
      waiting.delete(token)
    },
    freed: (token) => waiting.get(token)?.(),
  }
}
