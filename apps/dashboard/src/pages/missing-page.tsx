import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Panel } from '../components/card.tsx'
import { PageHead } from '../components/page-head.tsx'
import { Empty } from '../components/states.tsx'

/** 404. */
export function MissingPage() {
  return (
    <>
      <PageHead title="Nothing here" />
      <Panel label="Nothing here">
        <Empty
          title="There is no page at this address"
          more={
            <div style={{ display: 'flex', justifyContent: 'center', gap: 8 }}>
              <Button renderRoot={(props) => <Link to="/" {...props} />}>Overview</Button>
              <Button renderRoot={(props) => <Link to="/images" {...props} />}>Images</Button>
            </div>
          }
        >
          It may have been mistyped, or what it showed was removed. Press Ctrl-K to search hosts, images and
          migrations.
        </Empty>
      </Panel>
    </>
  )
}
