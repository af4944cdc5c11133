import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { Overview } from '@varve/protocol/overview'
import { lazy, Suspense } from 'react'
import { Command } from '../../components/marks.tsx'
import { tellError } from '../../data/tell-error.ts'
import { useTRPC } from '../../data/trpc.ts'
import { barredBy, useMayNot } from '../../data/use-may.ts'
import styles from './fleet.module.css'

const InstallLines = lazy(async () => await import('./install-lines.tsx'))

/** How a host joins, and what happens next. */
export function JoinSteps({ joinCommand, joinsByToken }: Pick<Overview, 'joinCommand' | 'joinsByToken'>) {
  return (
    <ol className={styles.steps}>
      {joinsByToken && <TokenStep />}
      <li>
        <div>
          <p>
            {joinsByToken ? (
              <strong>Start its agent.</strong>
            ) : (
              <>
                <strong>Run this on the host</strong> that has the images.
              </>
            )}{' '}
            Name its image folders as libraries.
          </p>
          <Command
            command={
              joinsByToken
                ? './varve agent --library images=/path/to/images --nbd-host ADDRESS-OF-THE-HOST'
                : joinCommand
            }
          />
        </div>
      </li>
      <li>
        <p>
          <strong>Its agent dials this controller</strong> and says what it can do. It works only below the
          folders you named and listens on no port until a migration needs one.
        </p>
      </li>
      <li>
        <p>
          <strong>The images in those folders appear here</strong>, inspected layer by layer. Nothing is
          changed.
        </p>
      </li>
    </ol>
  )
}

/** Makes a token, and shows the command that has it once. */
function TokenStep() {
  const api = useTRPC()
  const barred = useMayNot()('change-fleet')
  const queryClient = useQueryClient()
  const make = useMutation(
    api.trust.makeToken.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries({ queryKey: api.trust.view.queryKey() }),
      onError: tellError,
    }),
  )
  return (
    <li>
      <div>
        <p>
          <strong>Let the host in</strong> by a token: for one host, for an hour. It also tells the host by
          which key it knows this controller, so that nobody in between is believed.
        </p>
        {make.data ? (
          <>
            <Command command={make.data.command} />
            <p className={styles.soft}>Run this on the host, once. It is not shown again.</p>
            <Suspense>
              <InstallLines install={make.data.install} />
            </Suspense>
          </>
        ) : (
          <Button loading={make.isPending} {...barredBy(barred)} onClick={() => make.mutate({})}>
            Make a token
          </Button>
        )}
      </div>
    </li>
  )
}
