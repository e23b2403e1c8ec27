package poller_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waymark/infra/local/faults"
	"waymark/infra/local/poller"
)

func switches(t *testing.T, text string) *faults.Switches {
	t.Helper()
	plan, err := faults.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return faults.New(plan)
}

// once fails the first invocation and no other.
func once() poller.Invoke {
	var mu sync.Mutex
	failed := false
	return func(context.Context, []byte) ([]byte, bool, error) {
		mu.Lock()
		defer mu.Unlock()
		if !failed {
			failed = true
			return nil, false, errors.New("killed")
		}
		return nil, false, nil
	}
}

func TestFaultsOfBatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, plan string
		invoke     poller.Invoke
		want       []string
		deleted    []string
		counts     map[faults.Kind]int
	}{
		{"none", "seed=1,duplicate=0%,reorder=0%,drop-ack=0%", succeed, []string{"0s a b c"}, []string{"a", "b", "c"}, nil},
		{"duplicate", "seed=1,duplicate=100%", succeed, []string{"0s a b c", "0s a b c"}, []string{"a", "a", "b", "b", "c", "c"}, map[faults.Kind]int{faults.Duplicate: 1}},
		{"duplicate of which one fails", "seed=1,duplicate=100%", once(), []string{"0s a b c", "0s a b c"}, []string{"a", "b", "c"}, map[faults.Kind]int{faults.Duplicate: 1}},
		{"drop-ack", "seed=1,drop-ack=100%", succeed, []string{"0s a b c"}, nil, map[faults.Kind]int{faults.DropAck: 1}},
		{"drop-ack of a batch that fails anyway", "seed=1,drop-ack=100%", once(), []string{"0s a b c"}, nil, nil},
		{"drop-ack and duplicate", "seed=1,drop-ack=100%,duplicate=100%", succeed, []string{"0s a b c", "0s a b c"}, nil, map[faults.Kind]int{faults.DropAck: 2, faults.Duplicate: 1}},
		{"of another function", "seed=1,Other.drop-ack=100%", succeed, []string{"0s a b c"}, []string{"a", "b", "c"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				faulty, q := switches(t, c.plan), &queue{waiting: messages("a", "b", "c")}
				got := run(t, q, poller.Config{BatchSize: 10, Concurrency: 1, Faults: faulty.For("Process", "batch")}, c.invoke)
				slices.Sort(q.deleted)
				if !slices.Equal(got, c.want) || !slices.Equal(q.deleted, c.deleted) {
					t.Errorf("batches %q, deleted %q, want %q and %q", got, q.deleted, c.want, c.deleted)
				}
				if counts := faulty.Report().Counts["Process"]; !reflect.DeepEqual(counts, c.counts) {
					t.Errorf("counts %v, want %v", counts, c.counts)
				}
			})
		})
	}
}

// TestDuplicateAtTheSameTime needs both invocations to be there before either ends.
func TestDuplicateAtTheSameTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var both sync.WaitGroup
		both.Add(2)
		q := &queue{waiting: messages("a")}
		run(t, q, poller.Config{BatchSize: 10, Concurrency: 1, Faults: switches(t, "seed=1,duplicate=100%").For("Process", "batch")}, func(context.Context, []byte) ([]byte, bool, error) {
			both.Done()
			both.Wait()
			return nil, false, nil
		})
		if !slices.Equal(q.deleted, []string{"a", "a"}) {
			t.Errorf("deleted %q, want a twice", q.deleted)
		}
	})
}

// TestReorder gives out every message once, late ones among others, and the same way again with the same seed.
func TestReorder(t *testing.T) {
	t.Parallel()
	all := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
	batches := func(t *testing.T, plan string) []string {
		var got []string
		synctest.Test(t, func(t *testing.T) {
			q := &queue{waiting: messages(all...)}
			got = run(t, q, poller.Config{BatchSize: 4, Concurrency: 1, Faults: switches(t, plan).For("Process", "batch")}, succeed)
			slices.Sort(q.deleted)
			if !slices.Equal(q.deleted, all) {
				t.Errorf("%s: deleted %q, want each once: %q", plan, q.deleted, all)
			}
		})
		return got
	}
	calm := []string{"0s a b c d", "0s e f g h", "0s i j"}
	if got := batches(t, "seed=1,reorder=0%"); !slices.Equal(got, calm) {
		t.Errorf("batches at 0 %% = %q, want %q", got, calm)
	}
	first := batches(t, "seed=1,reorder=100%")
	if got := batches(t, "seed=1,reorder=100%"); !slices.Equal(got, first) {
		t.Errorf("batches with the same seed = %q, want %q", got, first)
	}
	delivered := strings.Fields(strings.Join(first, " "))
	if slices.Equal(delivered, strings.Fields(strings.Join(calm, " "))) {
		t.Errorf("batches at 100 %% = %q, want another order", first)
	}
	for seed, plan := range []string{"seed=0,reorder=50%", "seed=1,reorder=50%", "seed=2,reorder=50%"} {
		if got := batches(t, plan); slices.ContainsFunc(got, func(batch string) bool { return len(strings.Fields(batch)) > 5 }) {
			t.Errorf("seed %d: a batch is larger than 4: %q", seed, got)
		}
	}
}

// TestStopWithMessagesHeldBack delivers them: they were received, and nobody else would see them until they time out.
func TestStopWithMessagesHeldBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// The stop comes while the other part of their batch is at work.
		q := &queue{later: map[time.Duration][]types.Message{9500 * time.Millisecond: messages("a", "b", "c")}}
		config := poller.Config{BatchSize: 10, Concurrency: 1, Faults: switches(t, "seed=1,reorder=100%").For("Process", "batch")}
		batches := run(t, q, config, func(context.Context, []byte) ([]byte, bool, error) {
			time.Sleep(time.Second)
			return nil, false, nil
		})
		if len(batches) != 2 {
			t.Errorf("batches = %q, want two, so that the stop falls into the first", batches)
		}
		slices.Sort(q.deleted)
		if want := []string{"a", "b", "c"}; !slices.Equal(q.deleted, want) {
			t.Errorf("deleted %q, want %q", q.deleted, want)
		}
	})
}
