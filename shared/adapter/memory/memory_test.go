package memory_test

import (
	"testing"

	"waymark/shared/adapter/adaptertest"
	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
)

func TestTable(t *testing.T) {
	t.Parallel()
	table := memory.NewTable()
	adaptertest.Table(t, func(_ *testing.T, clock *adaptertest.Clock) adaptertest.TableUnderTest {
		table.Now = clock.Now
		return table
	})
}

func TestQueue(t *testing.T) {
	t.Parallel()
	adaptertest.Queue(t, func(*testing.T) (adaptertest.QueueUnderTest, func() []event.Envelope) {
		queue := memory.NewQueue()
		return queue, func() (out []event.Envelope) {
			for _, m := range queue.Take(10000) {
				out = append(out, m.Envelope)
				queue.Done(m.Handle)
			}
			return out
		}
	})
}

func TestArchive(t *testing.T) {
	t.Parallel()
	archive := memory.NewArchive()
	adaptertest.Archive(t, func(*testing.T) adaptertest.ArchiveUnderTest { return archive })
	adaptertest.Steps(t, func(*testing.T) adaptertest.StepsUnderTest { return archive })
}

func TestBucket(t *testing.T) {
	t.Parallel()
	bucket := memory.NewBucket()
	adaptertest.Bucket(t, func(*testing.T) adaptertest.BucketUnderTest { return bucket })
}
